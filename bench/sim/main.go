// Sim measures detection: it makes the traffic of an API, with campaigns of
// attackers in it that are labelled, runs the rules that come with Gatebook
// over it, and says which campaigns were found, how soon, what had been lost
// by then, and what was found falsely.
//
//	go run ./bench/sim -seeds 20 -seed 101 -events 1000000
//
// A world has ten thousand actors in a million events of 21 days: customers,
// staff, programs and visitors of six tenants, with heavy tails, hours and
// weeks, and with labelled look-alikes that are no attacks. Seventeen kinds of
// campaigns follow after ten days, each loud, medium and evasive. The makers of
// traffic and campaigns know nothing of the rules, and a test measures whether
// a single field gives an attack away; docs/detection.md has the method and the
// figures.
//
// Events are given to the engine as structs. With -through some time of a small
// world goes through a real gateway instead, as calls with tokens to an API that
// answers what the world says, and what the program found is judged by the same
// code:
//
//	go run ./bench/sim -through 30 -span 1h -events 200000
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// plan is what to run.
type plan struct {
	seeds, quiet, poison, rough, leaks int
	first                              uint64
	events                             int
	attacks, detail                    bool
	keep                               string
}

func main() {
	var p plan
	flag.IntVar(&p.seeds, "seeds", 1, "how many `worlds` with attacks, each with another seed")
	flag.Uint64Var(&p.first, "seed", 1, "the first seed")
	flag.IntVar(&p.events, "events", 100000, "events of background in each world")
	flag.IntVar(&p.quiet, "quiet", -1, "how many of the worlds also without any attack (-1: a fifth)")
	flag.IntVar(&p.poison, "poison", -1, "how many of the worlds also with attackers who warm up (-1: a tenth)")
	flag.IntVar(&p.rough, "rough", 1, "how many of the worlds also with duplicates, disorder and crashes")
	flag.IntVar(&p.leaks, "leaks", 6, "how many of the worlds the leak test looks at: it takes as long as the rules")
	flag.BoolVar(&p.attacks, "attacks", true, "run the worlds with attacks; without, only those of -quiet and -poison")
	flag.BoolVar(&p.detail, "v", false, "print each false incident")
	flag.StringVar(&p.keep, "keep", "", "write what the report needs of the runs to `FILE`, too")
	var through through
	flag.Float64Var(&through.speed, "through", 0, "send `TIMES` as fast as it would come what happens within -span of each world through a real gateway, in this process")
	flag.DurationVar(&through.length, "span", 40*time.Minute, "how much of a world goes through the gateway")
	only := flag.String("only", "", "the `NAMES` of the campaigns that go through the gateway, with semicolons; none: all that fit")
	of := flag.Bool("report", false, "run nothing: print one report of the files that other runs kept")
	flag.Parse()
	if *of {
		all := reports()
		for _, name := range flag.Args() {
			if err := readKept(name, all); err != nil {
				fmt.Fprintln(os.Stderr, "sim:", err)
				os.Exit(2)
			}
		}
		p.tables(os.Stdout, all)
		return
	}
	if p.quiet < 0 {
		p.quiet = (p.seeds + 4) / 5
	}
	if p.poison < 0 {
		p.poison = (p.seeds + 9) / 10
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *only != "" {
		through.names = strings.Split(*only, ";")
	}
	run := p.run
	if through.speed > 0 {
		run = func(ctx context.Context, out, progress io.Writer) (bool, error) {
			return p.through(ctx, through, out, progress)
		}
	}
	ok, err := run(ctx, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run runs all of it and prints the tables. False: a field leaks, or disorder
// changed what is found. When ctx ends, the worlds that are done are reported.
func (p plan) run(ctx context.Context, out, progress io.Writer) (bool, error) {
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		return false, err
	}
	secrets, look := newLeaks(), newShape()
	one := func(seed uint64, name string, attacks, poison bool, feed feeder, l *leaks, s *shape) *run {
		begin := time.Now()
		w := newWorld(seed, p.events)
		w.shape, w.stop = s, func() bool { return ctx.Err() != nil }
		if attacks {
			w.attack(poison)
		}
		r := judge(w, set, feed, l)
		fmt.Fprintf(progress, "seed %d, %s: %d events, %d findings, %v\n", seed, name, r.events, r.findings, time.Since(begin).Round(time.Second))
		return r
	}
	all := reports()
	loud, quiet, poisoned := all[withAttacks], all[withNone], all[warmedUp]
	ok := true
	for i := range p.seeds {
		if ctx.Err() != nil {
			break
		}
		seed, s := p.first+uint64(i), look
		if i > 0 {
			s = nil
		}
		l := secrets
		if i >= p.leaks {
			l = nil
		}
		var r *run
		if p.attacks {
			r = one(seed, withAttacks, true, false, &plain{}, l, s)
			if ctx.Err() != nil && len(loud.runs) > 0 {
				break
			}
			loud.runs = append(loud.runs, r)
		}
		if r != nil && i < p.rough && ctx.Err() == nil {
			f := &rough{}
			same := one(seed, "duplicates, disorder, crashes", true, false, f, nil, nil).sum == r.sum
			if ctx.Err() != nil {
				break
			}
			ok = ok && same
			fmt.Fprintf(out, "seed %d: each fiftieth event twice, all up to 2 s late, %d crashes: the same %d findings, byte for byte: %v\n", seed, f.crashes, r.findings, same)
		}
		if i < p.quiet && ctx.Err() == nil {
			quiet.add(ctx, one(seed, withNone, false, false, &plain{}, nil, nil))
		}
		if i < p.poison && ctx.Err() == nil {
			poisoned.add(ctx, one(seed, warmedUp, true, true, &plain{}, nil, nil))
		}
	}
	if p.attacks {
		look.print(out)
	}
	p.tables(out, all)
	if p.keep != "" {
		if err := keep(p.keep, all); err != nil {
			return false, err
		}
	}
	return (!p.attacks || p.leaks == 0 || secrets.print(out)) && ok, nil
}

// through sends worlds through the gateway, and prints the same tables.
func (p plan) through(ctx context.Context, t through, out, progress io.Writer) (bool, error) {
	all := reports()
	for i := range p.seeds {
		t.seed, t.events = p.first+uint64(i), p.events
		r, err := t.run(ctx, progress)
		if err != nil {
			return false, err
		}
		all[withAttacks].runs = append(all[withAttacks].runs, r)
	}
	p.tables(out, all)
	return true, nil
}

// reports are one for each kind of run.
func reports() map[string]*report {
	return map[string]*report{withAttacks: {}, withNone: {}, warmedUp: {}}
}

// tables prints what became of all runs.
func (p plan) tables(out io.Writer, all map[string]*report) {
	loud, quiet, poisoned := all[withAttacks], all[withNone], all[warmedUp]
	if len(loud.runs) > 0 {
		loud.campaigns(out)
		loud.metrics(out, quiet)
		loud.alarms(out, p.detail)
	}
	if len(quiet.runs) > 0 {
		n, days, _, _ := quiet.events()
		fmt.Fprintf(out, "\nWithout any attack (%d worlds, %d events in %d actor-days):\n", len(quiet.runs), n, days)
		quiet.alarms(out, p.detail)
	}
	if len(poisoned.runs) > 0 {
		fmt.Fprintf(out, "\nWith attackers who warm up for four days (%d worlds): recall", len(poisoned.runs))
		for _, s := range strengths {
			fmt.Fprintf(out, ", %s %.3f", s, poisoned.outcome("", s).recall())
		}
		fmt.Fprintf(out, "\nMissed then:")
		for _, k := range kinds {
			for _, s := range strengths {
				if o := poisoned.outcome(k.name, s); o.found < o.n {
					fmt.Fprintf(out, " %s, %s (%d of %d);", k.name, s, o.n-o.found, o.n)
				}
			}
		}
		fmt.Fprintln(out)
	}
}
