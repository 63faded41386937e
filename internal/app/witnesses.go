package app

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/stamp"
	"github.com/gatebook/gatebook/internal/witness"
	"github.com/gatebook/gatebook/ledger"
)

func (a *App) witnessConfig() witness.Config {
	w := a.cfg.Witness
	c := witness.Config{
		Dir: a.ledgerDir(), Ledger: a.ledger, Quorum: w.Quorum, Every: w.Every, Timeout: w.Timeout, History: w.History,
		Wait: a.recorder.Wait, Changed: a.noteWitness, Log: a.log,
	}
	for _, x := range w.Witnesses {
		key, err := ledger.ParseWitnessKey(x.Key)
		if err != nil {
			panic("app: a configuration was loaded with a witness that has no key: " + err.Error())
		}
		c.Witnesses = append(c.Witnesses, witness.Witness{Key: key, URL: x.URL})
	}
	return c
}

func (a *App) stampConfig() stamp.Config {
	t := a.cfg.Witness.Timestamps
	return stamp.Config{Dir: a.ledgerDir(), Ledger: a.ledger, URLs: t.URLs, Every: t.Every, Timeout: t.Timeout, Log: a.log}
}

// stampCheck is the state of time-stamps for /readyz; false: none are wanted.
func (a *App) stampCheck() (api.Check, bool) {
	if len(a.cfg.Witness.Timestamps.URLs) == 0 {
		return api.Check{}, false
	}
	s := a.stamper.Status()
	c := api.Check{Name: "timestamps", OK: s.Failing.IsZero(), Detail: s.Error}
	if c.OK && s.Size > 0 {
		c.Detail = fmt.Sprintf("%d records are time-stamped at %s", s.Size, s.Time.Format(time.RFC3339))
	}
	return c, true
}

// noteWitness seals that a witness fails, contradicts the ledger, or is well
// again.
func (a *App) noteWitness(ctx context.Context, s witness.State) {
	state := "well"
	switch {
	case s.Conflict:
		state = "conflict"
		a.log.Error("a witness has seen another ledger than this one: records were removed or changed, or two Gatebooks run with one key", "witness", s.Name, "error", s.Error)
	case s.Error != "":
		state = "failing"
	}
	facts := []event.Fact{{Name: "state", Value: state}, {Name: "witness", Value: s.Name}}
	if s.Error != "" {
		facts = append(facts, event.Fact{Name: "error", Value: s.Error})
	}
	if s.Size > 0 {
		facts = append(facts, event.Fact{Name: "size", Value: strconv.FormatUint(s.Size, 10)})
	}
	if err := a.note(ctx, "witness", facts...); err != nil && ctx.Err() == nil {
		a.log.Warn("the state of a witness could not be recorded", "error", err)
	}
}

// witnessCheck is the state of the witnesses for /readyz; false: there are
// none.
func (a *App) witnessCheck() (api.Check, bool) {
	s := a.witnesses.Status()
	if len(s.Witnesses) == 0 {
		return api.Check{}, false
	}
	c := api.Check{Name: "witness", OK: s.Error == "", Detail: s.Error}
	well := 0
	for _, w := range s.Witnesses {
		if w.Failing.IsZero() {
			well++
		}
		if w.Conflict {
			c.OK = false
			c.Detail = fmt.Sprintf("%s: %s", w.Name, w.Error)
		}
	}
	quorum := a.cfg.Witness.Quorum
	if quorum == 0 {
		quorum = len(s.Witnesses)
	}
	if well < quorum {
		c.OK = false
	}
	if c.Detail == "" {
		c.Detail = fmt.Sprintf("%d of %d witnesses answer, %d are wanted; %d records are cosigned", well, len(s.Witnesses), quorum, s.Size)
	}
	return c, true
}

// witnessMetrics are those of /metrics.
func (a *App) witnessMetrics() []api.Metric {
	s := a.witnesses.Status()
	if len(s.Witnesses) == 0 {
		return nil
	}
	out := []api.Metric{
		{Name: "gatebook_witnessed_records", Help: "Records that the quorum of witnesses has cosigned since the start.", Type: "gauge", Value: float64(s.Size)},
		{Name: "gatebook_witnessed_time_seconds", Help: "When a checkpoint was last cosigned by the quorum, Unix time; 0: not since the start.", Type: "gauge", Value: seconds(s.Time)},
	}
	var up, conflict []api.Metric
	for _, w := range s.Witnesses {
		l := []api.Label{{Name: "witness", Value: w.Name}}
		up = append(up, api.Metric{Name: "gatebook_witness_up", Help: "1 while the witness cosigns what it is asked.", Type: "gauge", Labels: l, Value: truth(w.Failing.IsZero())})
		conflict = append(conflict, api.Metric{Name: "gatebook_witness_conflict", Help: "1 if the witness has seen another ledger than this one.", Type: "gauge", Labels: l, Value: truth(w.Conflict)})
	}
	return append(append(out, up...), conflict...)
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
