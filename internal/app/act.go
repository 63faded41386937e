package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/policy"
)

// openAct puts the measures in force that were so when the process ended.
func (a *App) openAct() error {
	rules, err := actRules(a.cfg)
	if err != nil {
		return err
	}
	if a.opts.Version == localVersion {
		rules.Routes = nil // they are not known here
	}
	a.act = act.New(act.Config{
		Ledger: a.ledger, Recorder: a.recorder, Room: a.room, State: a.state, Live: &a.live, Origin: a.keys.signer.Name(), Edge: a.edge,
		Rules: rules, Off: a.opts.NoMeasures, Log: a.log,
	})
	if err := a.act.Load(context.Background()); err != nil {
		return fmt.Errorf("reading which calls are blocked: %w; to start without any measure, which is recorded: gatebook serve --no-measures", err)
	}
	if a.opts.NoMeasures {
		a.log.Warn("no measure is in force: this was started with --no-measures")
	}
	return nil
}

// actRules makes the rules of what may be done, or says what is wrong with
// them.
func actRules(cfg *config.Config) (act.Rules, error) {
	c := &cfg.Act
	r := act.Rules{Routes: []string{}, MaxFor: c.MaxDuration, Approval: act.Approval{Parts: c.Approval.Subjects, Longer: c.Approval.LongerThan, Wait: c.Approval.Wait}}
	for _, k := range c.Approval.Kinds {
		r.Approval.Kinds = append(r.Approval.Kinds, policy.Kind(k))
	}
	for i := range cfg.Gateway.Routes {
		r.Routes = append(r.Routes, cfg.Gateway.Routes[i].Name)
	}
	var errs []error
	for i := range c.Rules {
		x := &c.Rules[i]
		if x.Rule == "" {
			errs = append(errs, fmt.Errorf("act.rules[%d].rule: is missing: name a rule, or * for any", i))
		}
		one := act.Response{Rule: x.Rule, Levels: x.Levels, For: x.For, DryRun: x.DryRun, Propose: x.Propose}
		if x.Measure != "as-proposed" {
			one.Kind = policy.Kind(x.Measure)
		}
		r.Respond = append(r.Respond, one)
	}
	for i, text := range c.Protect {
		s, err := policy.ParseSubject(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("act.protect[%d]: %w", i, err))
		}
		r.Protected = append(r.Protected, s)
	}
	return r, errors.Join(errs...)
}

// respond does what the configuration lets a rule do by itself.
func (a *App) respond(ctx context.Context, p alert.Proposal) error {
	t := act.Trigger{Response: p.Response, Rule: p.Finding.Rule, Level: p.Finding.Level, Finding: p.Finding.ID, Incident: p.Incident}
	for _, v := range p.Finding.Entity {
		t.Entity = append(t.Entity, act.Named{Field: v.Field, Value: v.Value})
	}
	return a.act.Respond(ctx, t)
}
