// Cloudtrail measures detection on a labelled log of AWS CloudTrail: it imports
// the log, runs the rules that come with Gatebook over it, and says which
// techniques are in an incident, and which incidents have nothing to do with
// the attack. The user agent is taken out: in such sets it gives the attack
// away.
//
//	go run ./bench/cloudtrail ../shared/data/cloudtrail-invictus
//
// The folder has cloudtrail.json.gz and labels.csv, with the columns event_id,
// label (attack, attack_setup, attack_cleanup_or_check, other) and technique.
// An incident is all findings about one entity, if one of them is of level
// medium or higher, or their risk reaches 100.
package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/ingest/cloudtrail"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: cloudtrail FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cloudtrail:", err)
		os.Exit(1)
	}
}

// label is what is known of an event.
type label struct{ kind, technique string }

func run(folder string, out io.Writer) error {
	known, err := readLabels(filepath.Join(folder, "labels.csv"))
	if err != nil {
		return err
	}
	events, labels, err := readEvents(filepath.Join(folder, "cloudtrail.json.gz"), known)
	if err != nil {
		return err
	}
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		return err
	}
	e := detect.New(detect.Config{Rules: set, Lateness: 10 * time.Minute})
	var found []detect.Finding
	start := time.Now()
	for _, ev := range events {
		found = append(found, e.Add(ev, -1)...)
	}
	found = append(found, e.Flush()...)
	fmt.Fprintf(out, "%d events, %d findings, %.0f ms\n\n", len(events), len(found), float64(time.Since(start))/1e6)
	report(out, group(found), events, labels)
	return nil
}

func readLabels(name string) (map[string]label, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	known := make(map[string]label)
	for _, row := range rows[1:] {
		if len(row) != 3 {
			return nil, fmt.Errorf("%s: want the columns event_id, label, technique", name)
		}
		known[row[0]] = label{row[1], row[2]}
	}
	return known, nil
}

// readEvents returns the events in the order of their times, and their labels.
func readEvents(name string, known map[string]label) ([]*event.Event, map[event.ID]label, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r, err := cloudtrail.NewReader(f, cloudtrail.Config{
		Pseudonym: func(issuer, subject string) string { return issuer + " " + subject },
		Redact:    func(text []byte) []byte { return text },
	})
	if err != nil {
		return nil, nil, err
	}
	var events []*event.Event
	labels := make(map[event.ID]label)
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			slices.SortStableFunc(events, func(a, b *event.Event) int { return a.Arrived.Compare(b.Arrived) })
			return events, labels, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		var of struct {
			EventID string `json:"eventID"`
		}
		if err := json.Unmarshal([]byte(e.Payload.Original), &of); err != nil {
			return nil, nil, err
		}
		labels[e.ID] = known[of.EventID]
		e.Who.UserAgent, e.Payload = "", nil
		events = append(events, e)
	}
}

// incident is the findings about one entity.
type incident struct {
	entity   string
	level    int
	risk     float64
	findings []detect.Finding
}

func group(found []detect.Finding) []*incident {
	by := make(map[string]*incident)
	for _, f := range found {
		var parts []string
		for _, v := range f.Entity {
			parts = append(parts, v.Field+" "+v.Value)
		}
		name := strings.Join(parts, ", ")
		i := by[name]
		if i == nil {
			i = &incident{entity: name}
			by[name] = i
		}
		i.level, i.risk = max(i.level, slices.Index(detect.Levels, f.Level)), max(i.risk, f.Risk.Total)
		i.findings = append(i.findings, f)
	}
	medium := slices.Index(detect.Levels, "medium")
	var list []*incident
	for _, i := range by {
		if i.level >= medium || i.risk >= 100 {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *incident) int {
		return cmp.Or(cmp.Compare(b.level, a.level), strings.Compare(a.entity, b.entity))
	})
	return list
}

func report(out io.Writer, incidents []*incident, events []*event.Event, labels map[event.ID]label) {
	attacks, hit := make(map[string]int), make(map[string]bool)
	attackers, caught := make(map[string]int), 0
	for _, e := range events {
		if l := labels[e.ID]; l.kind == "attack" {
			attacks[l.technique]++
			attackers[e.Principal.ID]++
		}
	}
	wrong := 0
	fmt.Fprintln(out, "incidents")
	for _, i := range incidents {
		events := make(map[event.ID]bool)
		kinds := make(map[string]int)
		var rules []string
		for _, f := range i.findings {
			if !slices.Contains(rules, f.Rule) {
				rules = append(rules, f.Rule)
			}
			for _, ref := range f.Events {
				if l := labels[ref.ID]; !events[ref.ID] {
					events[ref.ID] = true
					kinds[cmp.Or(l.kind, "unlabelled")]++
					if l.kind == "attack" {
						hit[l.technique] = true
					}
				}
			}
		}
		if kinds["attack"]+kinds["attack_setup"]+kinds["attack_cleanup_or_check"] == 0 {
			wrong++
		}
		fmt.Fprintf(out, "  %-8s risk %4.0f  %s\n    rules %s; events %v\n", detect.Levels[i.level], i.risk, i.entity, strings.Join(rules, ", "), kinds)
	}
	var missed []string
	for t := range attacks {
		if !hit[t] {
			missed = append(missed, t)
		}
	}
	slices.Sort(missed)
	for id, n := range attackers {
		if slices.ContainsFunc(incidents, func(i *incident) bool { return strings.Contains(i.entity, id) }) {
			caught += n
		}
	}
	all := 0
	for _, n := range attackers {
		all += n
	}
	fmt.Fprintf(out, "\nattack events of identities that an incident is about: %d of %d (%.2f), of %d identities\n", caught, all, float64(caught)/float64(all), len(attackers))
	fmt.Fprintf(out, "techniques with an event in an incident: %d of %d (%.2f)\nnot found: %s\nfalse incidents: %d of %d, over %d events\n",
		len(hit), len(attacks), float64(len(hit))/float64(len(attacks)), strings.Join(missed, ", "), wrong, len(incidents), len(labels))
}
