// Sim measures detection: it makes the traffic of an API, with attacks in it
// that are labelled, runs the rules that come with Gatebook over it, and says
// which attacks were found, how soon, and what was found falsely.
//
//	go run ./bench/sim -seeds 3 -events 200000
//
// The traffic is that of people, who look at lists and open what they saw, and
// of apps, which read in bulk; how much each does has a heavy tail. Attacks are
// loud, medium or evasive. The makers of traffic and attacks know nothing of
// the rules. Events are given to the engine as structs, in order: this is no
// measurement of the gateway.
//
// What is not there: attacks on several machines at once through the real
// gateway, poisoned warm-ups, the test for leaks of single fields, and most of
// the look-alikes that an evaluation needs. Figures are a first orientation.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

func main() {
	seeds := flag.Int("seeds", 1, "how many `runs`, each with another seed")
	first := flag.Uint64("seed", 1, "the first seed")
	events := flag.Int("events", 100000, "events of normal traffic in each run")
	attacks := flag.Bool("attacks", true, "with attacks; false: all that is found is false")
	flag.Parse()
	if err := run(*first, *seeds, *events, *attacks); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(2)
	}
}

func run(first uint64, seeds, events int, attacks bool) error {
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		return err
	}
	sum := newScore()
	for i := range seeds {
		w := newWorld(first+uint64(i), 14*24*time.Hour)
		w.normal(events)
		if attacks {
			w.attack()
		}
		sum.judge(set, w)
	}
	sum.print(os.Stdout)
	return nil
}
