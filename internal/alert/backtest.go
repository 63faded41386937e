package alert

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Backtest asks what a rule would have found in the record.
type Backtest struct {
	Rule  string        // name; with a text that has one rule it may be empty
	Text  string        // YAML of the rule, and of those that it refers to; empty: that of the rule that runs
	Query reading.Query // the events that it is tried on
}

// Tried is what a backtest says: what it found so far, or a finding.
type Tried struct {
	Progress *TriedProgress  `json:"progress,omitempty"`
	Finding  *detect.Finding `json:"finding,omitempty"` // the first [MaxTried] of them
	Result   *TriedResult    `json:"result,omitempty"`  // the last item
}

// TriedProgress is how far a backtest is.
type TriedProgress struct {
	Events   uint64    `json:"events"` // judged
	Findings uint64    `json:"findings"`
	At       time.Time `json:"at"` // when the last event that was judged arrived
}

// TriedResult is what a backtest found.
type TriedResult struct {
	Rule       string       `json:"rule"`
	Title      string       `json:"title"`
	Level      string       `json:"level"`
	Events     uint64       `json:"events"`     // judged
	Findings   uint64       `json:"findings"`   // it would have made
	Suppressed uint64       `json:"suppressed"` // held back, as one too many about the same
	Entities   int          `json:"entities"`   // different ones that it is about
	About      []TriedAbout `json:"about"`      // those with the most findings
	Complete   bool         `json:"complete"`   // it was tried on all that matches
	Note       string       `json:"note,omitempty"`
}

// TriedAbout is an entity and how often the rule found something about it.
type TriedAbout struct {
	Entity []detect.Value `json:"entity"`
	Count  uint64         `json:"count"`
}

// What a backtest shows at most.
const (
	MaxTried = 500 // findings
	maxAbout = 100 // entities
)

// triedEvery is how many events are between two items of progress.
const triedEvery = 2000

// Backtest runs a rule over events of the record, oldest first, by the code
// that judges live ones, and yields progress, findings and the result. Nothing
// is kept, sent or blocked. The events are exported for it: that look is sealed,
// and what the reader's role does not show is not judged. It ends with ctx. The
// error can be of type [detect.Problems]: the text is no rule.
func (b *Book) Backtest(ctx context.Context, who reading.Reader, t Backtest, yield func(*Tried) error) error {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return err
	}
	set, rule, err := b.tried(t)
	if err != nil {
		return err
	}
	g := &trying{engine: detect.New(detect.Config{Rules: set.Only(rule), Lateness: 10 * time.Second, Tireless: true}), rule: rule, yield: yield, about: map[string]*TriedAbout{}}
	sum, err := b.cfg.Room.Export(ctx, who, reading.Export{Query: t.Query}, g)
	if err != nil {
		return err
	}
	if err := g.take(g.engine.Flush()); err != nil {
		return err
	}
	return g.end(sum)
}

// tried returns the rule to try, and the set that it is of.
func (b *Book) tried(t Backtest) (*detect.Set, *detect.Rule, error) {
	set := b.rules()
	if strings.TrimSpace(t.Text) != "" {
		var err error
		if set, err = detect.Load([]detect.File{{Name: "rule", Data: []byte(t.Text)}}); err != nil {
			return nil, nil, err
		}
	}
	if set == nil {
		return nil, nil, fmt.Errorf("%w: no rules run here: give the text of one", reading.ErrArgument)
	}
	if t.Rule != "" {
		if rule := set.Rule(t.Rule); rule != nil {
			return set, rule, nil
		}
		return nil, nil, fmt.Errorf("rule %q: %w", t.Rule, ledger.ErrNotFound)
	}
	var loud []*detect.Rule
	for _, r := range set.Rules {
		if !r.Quiet {
			loud = append(loud, r)
		}
	}
	if t.Text == "" || len(loud) != 1 {
		return nil, nil, fmt.Errorf("%w: say which rule to try by its name: there are %d", reading.ErrArgument, len(loud))
	}
	return set, loud[0], nil
}

// trying judges each line of an export as it is written.
type trying struct {
	engine *detect.Engine
	rule   *detect.Rule
	yield  func(*Tried) error

	progress TriedProgress
	about    map[string]*TriedAbout
}

// Write takes one event as a line of JSON, which is how an export writes them.
func (g *trying) Write(line []byte) (int, error) {
	e, number, err := detect.ParseLine(bytes.TrimSpace(line))
	if err != nil {
		return 0, err
	}
	if err := g.take(g.engine.Add(e, number)); err != nil {
		return 0, err
	}
	g.progress.Events++
	g.progress.At = e.Arrived
	if g.progress.Events%triedEvery == 0 {
		p := g.progress
		if err := g.yield(&Tried{Progress: &p}); err != nil {
			return 0, err
		}
	}
	return len(line), nil
}

func (g *trying) take(found []detect.Finding) error {
	for i := range found {
		f := &found[i]
		if f.RuleID != g.rule.ID {
			continue
		}
		g.progress.Findings++
		key := fmt.Sprint(f.Entity)
		if g.about[key] == nil {
			g.about[key] = &TriedAbout{Entity: f.Entity}
		}
		g.about[key].Count++
		if g.progress.Findings > MaxTried {
			continue
		}
		if err := g.yield(&Tried{Finding: f}); err != nil {
			return err
		}
	}
	return nil
}

func (g *trying) end(sum *reading.Exported) error {
	about := make([]TriedAbout, 0, len(g.about))
	for _, a := range g.about {
		about = append(about, *a)
	}
	slices.SortFunc(about, func(x, y TriedAbout) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(fmt.Sprint(x.Entity), fmt.Sprint(y.Entity)))
	})
	return g.yield(&Tried{Result: &TriedResult{
		Rule: g.rule.Name, Title: g.rule.Title, Level: g.rule.Level, Events: g.progress.Events, Findings: g.progress.Findings,
		Suppressed: g.engine.Stats().Suppressed, Entities: len(about), About: about[:min(len(about), maxAbout)], Complete: sum.Complete, Note: sum.Note,
	}})
}

// RuleText is how a rule is written.
type RuleText struct {
	Name string `json:"name"`
	File string `json:"file"`
	Text string `json:"text"` // YAML of the whole file, in which there can be others
}

// RuleText returns the text of a rule that runs, or was disabled.
func (b *Book) RuleText(ctx context.Context, who reading.Reader, name string) (*RuleText, error) {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return nil, err
	}
	set := b.rules()
	if set == nil || set.Rule(name) == nil {
		return nil, fmt.Errorf("rule %q: %w", name, ledger.ErrNotFound)
	}
	r := set.Rule(name)
	return &RuleText{r.Name, r.File, string(r.Text)}, b.looked(ctx, who, "rules")
}
