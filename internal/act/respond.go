package act

import (
	"time"

	"github.com/gatebook/gatebook/internal/policy"
)

// Response is what a rule may do by itself.
type Response struct {
	Rule    string      // its name; "*": any
	Level   string      // the least level of a finding, of [Levels]; empty: any
	Kind    policy.Kind // what is done; zero: as the rule proposes
	For     time.Duration
	DryRun  bool
	Propose bool // for a person to approve
}
