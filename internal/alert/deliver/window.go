package deliver

import "time"

// window bounds how many messages are sent in a stretch of time. While there
// are more, it lets one go that sums the others up, then one for each stretch,
// until one passes in which there were few enough.
type window struct {
	start time.Time // of the stretch; zero: there was none
	taken int       // messages sent in it
	flood bool      // only one may be sent in it
	held  bool      // something had to wait in it
}

// verdict is what a window says to what waits.
type verdict int

const (
	pass verdict = iota // as many as are left may be sent
	hold                // nothing until the end of the stretch
	sum                 // all that waits is to be sent as one
)

// look says what to do with n messages that wait.
func (x *window) look(now time.Time, stretch time.Duration, n, rate int) verdict {
	if !now.Before(x.start.Add(stretch)) {
		if x.held && n > rate {
			return sum
		}
		x.begin(now, false)
	}
	if n > 0 && x.left(rate) <= 0 {
		x.held = true
		return hold
	}
	return pass
}

// begin begins a new stretch.
func (x *window) begin(now time.Time, flood bool) { *x = window{start: now, flood: flood} }

// left is how many messages may still be sent.
func (x *window) left(rate int) int {
	if x.flood {
		rate = 1
	}
	return rate - x.taken
}
