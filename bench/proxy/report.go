//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// A report is a whole run; its JSON form keeps every round.
type report struct {
	Started     time.Time `json:"started"`
	Command     string    `json:"command"`
	Machine     machine   `json:"machine"`
	Connections int       `json:"connections"`
	Duration    string    `json:"duration"`
	Rounds      int       `json:"rounds"`
	ProxyCPUs   string    `json:"proxy_cpus"`
	LoadCPUs    string    `json:"load_cpus"`
	Rows        []row     `json:"rows"`
	Skipped     []string  `json:"skipped,omitempty"` // peers that could not be measured, and why
}

// A row is one peer.
type row struct {
	Name    string   `json:"name"`
	What    string   `json:"what"`
	Version string   `json:"version,omitempty"`
	Samples []sample `json:"samples"`
}

// median returns the median over the rounds of what f picks; 0 without rounds.
func (r row) median(f func(sample) float64) float64 {
	var all []float64
	for _, s := range r.Samples {
		all = append(all, f(s))
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// recorded says what share of its answers the peer has recorded: a log that is
// not written costs nothing, so the share belongs beside the figures.
func (r row) recorded() string {
	var answers, recorded uint64
	for _, s := range r.Samples {
		answers, recorded = answers+s.Answers, recorded+s.Recorded
	}
	if recorded == 0 {
		return "none"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(recorded)/float64(answers))
}

// markdown writes the report as a table with its circumstances.
func (rep report) markdown(w io.Writer) {
	fmt.Fprintf(w, "| proxy | version | requests/s | p50 ms | p99 ms | CPU s/100k | CPU s/100k at half load | peak memory MiB | calls recorded |\n")
	fmt.Fprintf(w, "|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	var other, stolen float64
	for _, r := range rep.Rows {
		fmt.Fprintf(w, "| %s | %s | %.0f | %.2f | %.2f | %.2f | %.2f | %.0f | %s |\n", r.Name, r.Version,
			r.median(func(s sample) float64 { return s.Rate }),
			r.median(func(s sample) float64 { return s.P50 }),
			r.median(func(s sample) float64 { return s.P99 }),
			r.median(func(s sample) float64 { return s.CPU }),
			r.median(func(s sample) float64 { return s.HalfCPU }),
			r.median(func(s sample) float64 { return s.Memory })/(1<<20),
			r.recorded())
		for _, s := range r.Samples {
			other, stolen = max(other, s.OtherCores), max(stolen, s.StolenCores)
		}
	}
	fmt.Fprintln(w)
	for _, r := range rep.Rows {
		fmt.Fprintf(w, "- %s: %s.\n", r.Name, r.What)
	}
	for _, why := range rep.Skipped {
		fmt.Fprintf(w, "- not measured: %s.\n", why)
	}
	for _, r := range rep.Rows {
		for i, s := range r.Samples {
			if s.Bad > 0 || s.Unsent > 0 {
				fmt.Fprintf(w, "- **%s, round %d: %d bad answers (%s), %d requests never sent: this row is not to be trusted.**\n",
					r.Name, i+1, s.Bad, s.FirstBad, s.Unsent)
			}
		}
	}
	rep.disturbed(w)
	m := rep.Machine
	pinned := "nothing pinned"
	if rep.ProxyCPUs != "" {
		pinned = fmt.Sprintf("proxy on processor %s, upstream and load on %s", rep.ProxyCPUs, rep.LoadCPUs)
	}
	fmt.Fprintf(w, "\nGET and POST in turn, 1 KB of JSON each way, an ES256 bearer token on each, %d connections kept alive; "+
		"requests/s: closed loop; latency: open loop at half of that, from when a request was due; "+
		"medians of %d rounds of %s per load. %s; the proxy's CPU is that of all its processes. "+
		"Other programs used at most %.2f processors meanwhile, the hypervisor took at most %.2f.\n",
		rep.Connections, rep.Rounds, rep.Duration, capital(pinned), other, stolen)
	fmt.Fprintf(w, "\n%s, %d processors, %.0f GiB, %s, %s; %s.\n\n    %s\n", m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.Kernel, m.Go,
		rep.Started.UTC().Format("2006-01-02 15:04 UTC"), rep.Command)
}

// disturbed names the rounds in which a proxy could not use its processor up:
// something else was the limit, and the rate and the latency are not its own.
func (rep report) disturbed(w io.Writer) {
	const saturated = 0.85
	if rep.ProxyCPUs == "" {
		return
	}
	for _, r := range rep.Rows {
		for i, s := range r.Samples {
			if s.Cores < saturated {
				fmt.Fprintf(w, "- %s, round %d: used only %.2f of its processor at saturation while other programs took %.2f processors: "+
					"its rate and latency in this round are too bad, its CPU per request holds.\n", r.Name, i+1, s.Cores, s.OtherCores)
			}
		}
	}
}

func capital(s string) string { return string(s[0]-'a'+'A') + s[1:] }
