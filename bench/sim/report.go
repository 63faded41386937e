package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// report sums up runs.
type report struct {
	runs []*run
}

// add adds a run, unless it was left unfinished.
func (p *report) add(ctx context.Context, r *run) {
	if ctx.Err() == nil {
		p.runs = append(p.runs, r)
	}
}

// outcome is what became of the campaigns of one kind and strength.
type outcome struct {
	n, found, breached, atOnce int
	events                     []float64
	seconds                    []float64
	records, bytes, share      []float64
}

func (p *report) outcome(name, strength string) *outcome {
	o := &outcome{}
	for _, r := range p.runs {
		for _, c := range r.campaigns {
			if name != "" && c.name != name || strength != "" && c.strength != strength {
				continue
			}
			o.n++
			if !c.breach.IsZero() {
				o.breached++
			}
			f, ok := r.found[c]
			if !ok {
				continue
			}
			o.found++
			if !c.breach.IsZero() && !f.At.After(c.breach) {
				o.atOnce++
			}
			events, records, bytes, all := c.lost(f.At)
			o.events, o.seconds = append(o.events, float64(events)), append(o.seconds, f.At.Sub(c.start()).Seconds())
			o.records, o.bytes = append(o.records, float64(records)), append(o.bytes, float64(bytes))
			o.share = append(o.share, float64(bytes)/float64(max(all, 1)))
		}
	}
	return o
}

func (o *outcome) recall() float64 { return float64(o.found) / float64(max(o.n, 1)) }

// quantile of a list; NaN-free: 0 of none.
func quantile(list []float64, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[min(int(q*float64(len(list))), len(list)-1)]
}

func (p *report) events() (n, days int, took time.Duration, found int) {
	for _, r := range p.runs {
		n, days, took, found = n+r.events, days+r.actorDays, took+r.took, found+r.findings
	}
	return n, days, took, found
}

// falsely counts the incidents of at least a level that show no attack.
func (p *report) falsely(least int) int {
	n := 0
	for _, r := range p.runs {
		for _, i := range r.incidents {
			if i.c == nil && i.level >= least {
				n++
			}
		}
	}
	return n
}

func (p *report) perMillion(least int) float64 {
	n, _, _, _ := p.events()
	return float64(p.falsely(least)) * 1e6 / float64(max(n, 1))
}

func (p *report) campaigns(out io.Writer) {
	fmt.Fprintf(out, "\n| campaign | strength | found | calls to the alert, p50 / p90 | time, p50 / p90 | records lost, p50 | bytes lost, p50 | share of bytes, p50 |\n|---|---|---|---|---|---|---|---|\n")
	for _, k := range kinds {
		for _, s := range strengths {
			o := p.outcome(k.name, s)
			if o.n == 0 {
				continue
			}
			if o.found == 0 {
				fmt.Fprintf(out, "| %s | %s | %d/%d | - | - | - | - | - |\n", k.name, s, o.found, o.n)
				continue
			}
			fmt.Fprintf(out, "| %s | %s | %d/%d | %.0f / %.0f | %s / %s | %.0f | %s | %.1f %% |\n", k.name, s, o.found, o.n, quantile(o.events, .5), quantile(o.events, .9),
				span(quantile(o.seconds, .5)), span(quantile(o.seconds, .9)), quantile(o.records, .5), size(quantile(o.bytes, .5)), 100*quantile(o.share, .5))
		}
	}
}

func span(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 2*day:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
	return fmt.Sprintf("%.1f d", d.Hours()/24)
}

func size(b float64) string {
	switch {
	case b < 1e3:
		return fmt.Sprintf("%.0f B", b)
	case b < 1e6:
		return fmt.Sprintf("%.0f kB", b/1e3)
	case b < 1e9:
		return fmt.Sprintf("%.1f MB", b/1e6)
	}
	return fmt.Sprintf("%.1f GB", b/1e9)
}

// rows writes the table of floors and goals.
type rows struct{ out io.Writer }

func (w rows) row(name, got, floor, goal string, floorHolds, goalHolds bool) {
	state := "below the floor"
	if goalHolds {
		state = "goal"
	} else if floorHolds {
		state = "floor"
	}
	fmt.Fprintf(w.out, "| %s | %s | %s | %s | %s |\n", name, got, floor, goal, state)
}

// most is a row of a number that must be at most so much.
func (w rows) most(name, format string, got, floor, goal float64) {
	w.row(name, fmt.Sprintf(format, got), fmt.Sprintf("≤ "+format, floor), fmt.Sprintf("≤ "+format, goal), got <= floor, got <= goal)
}

// quantile is a row of a quantile of a list, if there is any in it.
func (w rows) quantile(name, format string, list []float64, q, floor, goal float64) {
	if len(list) > 0 {
		w.most(fmt.Sprintf("%s, p%.0f", name, 100*q), format, quantile(list, q), floor, goal)
	}
}

// metrics prints the table of floors and goals, as far as there is something to
// measure.
func (p *report) metrics(out io.Writer, quiet *report) {
	n, days, took, _ := p.events()
	fmt.Fprintf(out, "\n| metric | measured | floor | goal | |\n|---|---|---|---|---|\n")
	w := rows{out}
	for i, s := range strengths {
		if o := p.outcome("", s); o.n > 0 {
			got, floor, goal := o.recall(), []float64{.98, .90, .60}[i], []float64{1, .95, .75}[i]
			w.row("recall, "+s, fmt.Sprintf("%.3f", got), fmt.Sprintf("%.2f", floor), fmt.Sprintf("%.2f", goal), got >= floor, got >= goal)
		}
	}
	w.most("false high and critical incidents per 1M events", "%.1f", p.perMillion(3), 5, 1)
	w.most("false incidents, medium and above, per 1M events", "%.1f", p.perMillion(2), 25, 10)
	if len(quiet.runs) > 0 {
		w.most("the same, high and critical, without any attack", "%.1f", quiet.perMillion(3), 5, 1)
		w.most("the same, medium and above, without any attack", "%.1f", quiet.perMillion(2), 25, 10)
	}
	key, bola, exfil := p.outcome("stolen key", ""), p.outcome("BOLA enumeration", ""), p.outcome("exfiltration through an app", "")
	w.quantile("stolen key: calls to the alert", "%.0f", key.events, .5, 5, 3)
	w.quantile("stolen key: calls to the alert", "%.0f", key.events, .9, 5, 3)
	w.quantile("dormant key: calls to the alert", "%.0f", p.outcome("dormant key", "").events, .9, 5, 3)
	w.quantile("stolen session: calls of the thief to the alert", "%.0f", p.outcome("stolen session", "").events, .5, 5, 3)
	for _, s := range strengths {
		w.quantile("stolen session, "+s+": calls of the thief to the alert", "%.0f", p.outcome("stolen session", s).events, .5, 5, 3)
	}
	w.quantile("BOLA: foreign objects read before the alert", "%.0f", bola.records, .5, 30, 15)
	w.quantile("BOLA: foreign objects read before the alert", "%.0f", bola.records, .9, 30, 15)
	w.quantile("scraping at 5,000 requests a minute: seconds", "%.0f", p.outcome("scraping, one account", "loud").seconds, .9, 60, 10)
	w.quantile("distributed stuffing: attempts before the alert", "%.0f", p.outcome("stuffing, many sources", "").events, .9, 500, 200)
	if len(exfil.share) > 0 {
		w.most("app exfiltration: share of the bytes before the alert, p50, %", "%.1f", 100*quantile(exfil.share, .5), 5, 1)
	}
	for _, name := range []string{"self-grant", "admin-route escalation", "cross-tenant access"} {
		if o := p.outcome(name, ""); o.breached > 0 {
			got := float64(o.atOnce) / float64(o.breached)
			w.row(name+": share found at the event itself", fmt.Sprintf("%.2f", got), "1.00", "1.00", got == 1, got == 1)
		}
	}
	var delays []float64
	attacks := 0
	for _, r := range p.runs {
		delays = append(delays, r.delays...)
		for _, c := range r.campaigns {
			attacks += len(c.trace)
		}
	}
	w.quantile("from the end of a call to its finding: seconds", "%.2f", delays, .5, 1, .2)
	w.quantile("from the end of a call to its finding: seconds", "%.2f", delays, .99, 5, 2)
	if took > 0 {
		rate := float64(n+attacks) / took.Seconds()
		w.row("engine, all rules, one core: events/s", fmt.Sprintf("%.0f", rate), "25000", "100000", rate >= 25000, rate >= 100000)
	}
	fmt.Fprintf(out, "\n%d runs, %d events of background in %d actor-days\n", len(p.runs), n, days)
}

// alarms prints what was false, by level, and where it comes from.
func (p *report) alarms(out io.Writer, detail bool) {
	n, days, _, _ := p.events()
	fmt.Fprintf(out, "\n| false incidents | per 1M events | per 1,000 actor-days |\n|---|---|---|\n")
	for l := len(levels) - 1; l >= 2; l-- {
		k := p.falsely(l) - p.falsely(l+1)
		fmt.Fprintf(out, "| %s | %.2f | %.4f |\n", levels[l], float64(k)*1e6/float64(max(n, 1)), float64(k)*1e3/float64(max(days, 1)))
	}
	by := map[string]int{}
	for _, r := range p.runs {
		for _, i := range r.incidents {
			if i.c == nil {
				by[fmt.Sprintf("| %s | `%s` | %s |", levels[i.level], i.rules[0], i.alike)]++
				if detail {
					fmt.Fprintf(out, "seed %d: %s: %s %v, %d events, %v\n", r.seed, i.entity, levels[i.level], i.rules, i.first.Count, terms(i.first))
				}
			}
		}
	}
	names := make([]string, 0, len(by))
	for name := range by {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(by[b]-by[a], cmp.Compare(a, b)) })
	fmt.Fprintf(out, "\n| level | first rule | comes from | incidents per 1M events |\n|---|---|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(out, "%s %.2f |\n", name, float64(by[name])*1e6/float64(max(n, 1)))
	}
}

func terms(f detect.Finding) (list []string) {
	list = append(list, f.At.Format("02T15:04"))
	for _, t := range f.Terms {
		list = append(list, t.Name+" "+t.Value+" "+t.Want)
	}
	return list
}
