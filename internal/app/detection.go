package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/detect/places"
	"github.com/gatebook/gatebook/ledger"
)

// openDetection makes the store of findings, the incidents that they become,
// and, where calls are served, what judges them.
func (a *App) openDetection(serving bool) error {
	ctx := context.Background()
	var err error
	if a.findings, err = live.OpenStore(ctx, a.state); err != nil {
		return err
	}
	a.alerts, err = alert.New(ctx, alert.Config{
		DB: a.state, Room: a.room, Ledger: a.ledger, Appender: a.recorder, Findings: a.findings, Rules: a.runningRules, Inactive: a.inactiveRules, Costs: a.ruleCosts,
		Deliver: a.outbox.Deliver, Respond: a.respond, Console: a.consoleLink(), Edge: a.edge, Log: a.log,
	})
	if err != nil {
		return err
	}
	d := &a.cfg.Detect
	if !serving || !d.Enabled {
		return nil
	}
	rules, err := rules(d)
	if err != nil {
		return err
	}
	a.detector, err = live.New(live.Config{
		Ledger: a.ledger, Feed: a.recorder, Store: a.findings, Dir: a.detectDir(), Origin: a.keys.signer.Name(), Rules: rules,
		Lateness: d.Lateness, Patience: d.Patience, History: uint64(max(1, d.History)), Retain: d.Keep, MaxKeys: d.MaxKeys,
		Take: a.alerts.Take, Changed: a.noteRules, Budget: d.Budget, Pause: a.pauseRule, Log: a.log,
	})
	return err
}

// consoleLink is where messages about incidents lead; empty: that is not
// configured.
func (a *App) consoleLink() string {
	if u := a.cfg.Console.PublicURL; u != nil {
		return u.String()
	}
	return ""
}

func (a *App) detectDir() string { return filepath.Join(a.cfg.Data, "detect") }

// runningRules are the rules that judge; nil: none do.
func (a *App) runningRules() *detect.Set {
	if a.detector == nil {
		return nil
	}
	return a.detector.Set()
}

func (a *App) inactiveRules() []string {
	if a.detector == nil {
		return nil
	}
	s := a.detector.Status()
	return slices.Concat(s.Inactive, s.Paused)
}

// ruleCosts returns what judging an event takes each rule.
func (a *App) ruleCosts() map[string]time.Duration {
	if a.detector == nil {
		return nil
	}
	return a.detector.Status().Costs
}

// forgetDetected takes what was removed from the record out of what detection
// keeps: its state, findings and incidents.
func (a *App) forgetDetected(ctx context.Context, removals []*ledger.Removal) error {
	var err error
	touches := slices.ContainsFunc(removals, func(r *ledger.Removal) bool { return r.Classes[event.ClassWho] || r.Classes[event.ClassWhat] })
	if set := a.runningRules(); set != nil {
		touches = touches || slices.Contains(set.Envelopes(), event.ClassPayload)
	}
	if !touches {
		return nil
	}
	if a.detector != nil {
		err = a.detector.Forget(ctx)
	} else {
		err = a.findings.Forget(ctx, a.detectDir()) // of a time when it was on
	}
	return errors.Join(err, a.alerts.Forget(ctx, removals))
}

// rules are those of a configuration.
func rules(d *config.Detect) (live.Rules, error) {
	r := live.Rules{Dir: d.Rules, Disabled: d.Disabled, Levels: map[string]string{}}
	for _, x := range d.Levels {
		r.Levels[x.Name] = x.Level
	}
	if d.Places == "" {
		return r, nil
	}
	var err error
	if r.Places, err = places.Open(d.Places); err != nil {
		return r, fmt.Errorf("detect.places: %s: %w", d.Places, err)
	}
	return r, nil
}

// noteRules seals which rules judge from now on, and by which file of places.
func (a *App) noteRules(ctx context.Context, set *detect.Set, places string) error {
	disabled := 0
	for _, r := range set.Rules {
		if r.Disabled {
			disabled++
		}
	}
	facts := []event.Fact{{Name: "rules", Value: strconv.Itoa(len(set.Rules))}, {Name: "disabled", Value: strconv.Itoa(disabled)}, {Name: "sha256", Value: set.Sum()}}
	if places != "" {
		facts = append(facts, event.Fact{Name: "places_sha256", Value: places})
	}
	return a.note(ctx, "rules", facts...)
}

// pauseRule seals that a rule rests.
func (a *App) pauseRule(ctx context.Context, p detect.Pause) error {
	return a.seal(ctx, event.Decision, detect.PauseName, p.Facts()...)
}

// detectionCheck is the check of detection; false: it is off.
func (a *App) detectionCheck() (api.Check, bool) {
	if a.detector == nil {
		return api.Check{}, false
	}
	s := a.detector.Status()
	c := api.Check{Name: "detection", OK: s.State != live.Failing && s.Refused == "", Detail: fmt.Sprintf("%s: %d rules, %d records behind", s.State, s.Rules, s.Behind)}
	switch {
	case s.State == live.Failing:
		c.Detail = s.Detail
	case s.Refused != "":
		c.Detail += "; " + s.Refused
	}
	if len(s.Paused) > 0 {
		c.OK = false
		c.Detail += "; these rules rest, because they cost more than detect.budget: " + strings.Join(s.Paused, ", ")
	}
	if s.Failed > 0 {
		c.Detail += fmt.Sprintf("; %d expressions (when) could not be computed for an event, and counted as false", s.Failed)
	}
	return c, true
}

// detectionMetrics are the metrics of detection.
func (a *App) detectionMetrics() []api.Metric {
	if a.detector == nil {
		return nil
	}
	s := a.detector.Status()
	gauge := func(name, help string, v float64) api.Metric {
		return api.Metric{Name: "gatebook_detect_" + name, Help: help, Type: "gauge", Value: v}
	}
	counter := func(name, help string, v uint64) api.Metric {
		return api.Metric{Name: "gatebook_detect_" + name, Help: help, Type: "counter", Value: float64(v)}
	}
	return []api.Metric{
		gauge("up", "1 while detection runs.", truth(s.State != live.Failing)),
		gauge("behind_records", "Sealed records that were not judged.", float64(s.Behind)),
		gauge("records_per_second", "Records that are judged a second.", s.Rate),
		gauge("rules", "Rules that make findings.", float64(s.Rules)),
		gauge("inactive_rules", "Rules that cannot find anything here.", float64(len(s.Inactive))),
		gauge("paused_rules", "Rules that rest, because they cost more than detect.budget.", float64(len(s.Paused))),
		gauge("failed", "Expressions (when) of rules that could not be computed for an event, and counted as false.", float64(s.Failed)),
		gauge("rules_last_read_successful", "1 if the newest files of rules are those that run.", truth(s.Refused == "")),
		gauge("keys", "Groups that rules keep state of.", float64(s.Keys)),
		gauge("dropped", "Groups and values that were dropped for want of room: a pattern may have been missed.", float64(s.Dropped)),
		counter("late_total", "Events that came too late to be judged in their place.", s.Late),
		counter("not_judged_total", "Events that came so late that they were not judged.", s.NotJudged),
		counter("rewinds_total", "How often the engine was set back to judge in the right order.", s.Rewinds),
		counter("unsettled_total", "How often it should have been, and no state was old enough.", s.Unsettled),
		counter("superseded_total", "Findings that did not hold in the right order.", s.Superseded),
	}
}
