package main

import (
	"encoding/json"
	"os"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// The kinds of runs.
const (
	withAttacks = "attacks"
	withNone    = "no attack"
	warmedUp    = "warmed up"
)

// kept is what a report needs of a run. Processes that share the worlds of an
// evaluation keep their runs in files; one report is made of all.
type kept struct {
	Kind      string         `json:"kind"`
	Seed      uint64         `json:"seed"`
	Events    int            `json:"events"`
	ActorDays int            `json:"actorDays"`
	Findings  int            `json:"findings"`
	Took      time.Duration  `json:"took"`
	Campaigns []keptCampaign `json:"campaigns"`
	Incidents []keptIncident `json:"incidents"`
}

type keptCampaign struct {
	Name     string      `json:"name"`
	Strength string      `json:"strength"`
	Breach   time.Time   `json:"breach,omitzero"`
	Found    time.Time   `json:"found,omitzero"`
	Trace    []keptTrace `json:"trace"`
}

type keptTrace struct {
	At      time.Time `json:"t"`
	Records uint64    `json:"r,omitempty"`
	Bytes   uint64    `json:"b,omitempty"`
}

type keptIncident struct {
	Level int      `json:"level"`
	Rules []string `json:"rules"`
	Alike string   `json:"alike"`
	False bool     `json:"false"`
}

// keep writes the runs of reports, by their kind, to a file.
func keep(name string, all map[string]*report) error {
	var list []kept
	for _, kind := range []string{withAttacks, withNone, warmedUp} {
		for _, r := range all[kind].runs {
			k := kept{Kind: kind, Seed: r.seed, Events: r.events, ActorDays: r.actorDays, Findings: r.findings, Took: r.took}
			for _, c := range r.campaigns {
				kc := keptCampaign{Name: c.name, Strength: c.strength, Breach: c.breach, Found: r.found[c].At}
				for _, t := range c.trace {
					kc.Trace = append(kc.Trace, keptTrace{t.at, t.records, t.bytes})
				}
				k.Campaigns = append(k.Campaigns, kc)
			}
			for _, i := range r.incidents {
				k.Incidents = append(k.Incidents, keptIncident{i.level, i.rules, i.alike, i.c == nil})
			}
			list = append(list, k)
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o600)
}

// readKept adds the runs of a file to reports, by their kind.
func readKept(name string, all map[string]*report) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var list []kept
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, k := range list {
		r := &run{seed: k.Seed, events: k.Events, actorDays: k.ActorDays, findings: k.Findings, took: k.Took, found: map[*campaign]detect.Finding{}}
		for _, kc := range k.Campaigns {
			c := &campaign{name: kc.Name, strength: kc.Strength, breach: kc.Breach}
			for _, t := range kc.Trace {
				c.trace = append(c.trace, trace{at: t.At, records: t.Records, bytes: t.Bytes})
			}
			r.campaigns = append(r.campaigns, c)
			if !kc.Found.IsZero() {
				r.found[c] = detect.Finding{At: kc.Found}
			}
		}
		for _, ki := range k.Incidents {
			i := &incident{level: ki.Level, rules: ki.Rules, alike: ki.Alike}
			if !ki.False {
				i.c = &campaign{}
			}
			r.incidents = append(r.incidents, i)
		}
		all[k.Kind].runs = append(all[k.Kind].runs, r)
	}
	return nil
}
