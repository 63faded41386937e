package reading

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// TestProblem tells what is no evidence from what could not be read.
func TestProblem(t *testing.T) {
	for _, f := range []struct {
		err  error
		want string
	}{
		{&ledger.EvidenceError{File: "sealed/x", Reason: "it was changed"}, "evidence"},
		{fmt.Errorf("header: %w", event.ErrEncoding), "evidence"},
		{fmt.Errorf("header of version 99: %w", event.ErrVersion), "unreadable"},
		{ledger.ErrNotFound, "index"},
		{&fs.PathError{Op: "read", Path: "x", Err: fs.ErrPermission}, "unreadable"},
	} {
		if got := problem(7, f.err); got.Kind != f.want || got.Number != 7 {
			t.Errorf("%v: got %+v, want %s", f.err, got, f.want)
		}
	}
}
