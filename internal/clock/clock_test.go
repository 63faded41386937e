package clock

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/event"
)

// story feeds a watcher with a clock of which the seconds are elapsed.
type story struct {
	t       *testing.T
	w       Watcher
	wall    time.Time
	elapsed time.Duration
}

// after lets time pass on both clocks, steps the wall clock, and expects the
// step that is told: "" nothing, "-" a state without a step.
func (s *story) after(d, step time.Duration, r Reading, want string) {
	s.t.Helper()
	s.wall, s.elapsed = s.wall.Add(d+step), s.elapsed+d
	facts := s.w.See(s.wall, s.elapsed, r)
	got := ""
	if facts != nil {
		got = "-"
		s.w.Told(s.wall, s.elapsed, r)
	}
	for _, f := range facts {
		if f.Name == "step_ns" {
			got = f.Value
		}
	}
	if got != want {
		s.t.Errorf("at %s: got %q, want %q", s.elapsed, got, want)
	}
}

func TestWatcher(t *testing.T) {
	good := Reading{Source: Chrony, Synchronized: true, Bound: time.Millisecond}
	free := Reading{Source: Kernel, Bound: time.Millisecond}
	wide := Reading{Source: Chrony, Synchronized: true, Bound: 2 * time.Second}
	middle := Reading{Source: Chrony, Synchronized: true, Bound: 700 * time.Millisecond}
	s := &story{t: t, wall: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC), elapsed: time.Hour}
	s.after(0, 0, good, "-")                                      // the first
	s.after(Look, 0, good, "")                                    //
	s.after(Look, 90*time.Millisecond, good, "")                  // as it may be between two readings
	s.after(Look, 0, free, "-")                                   // the source is lost
	s.after(Look, 0, free, "")                                    //
	s.after(Look, 0, good, "-")                                   // and found
	s.after(Look, 3*time.Second, good, "3000000000")              // a jump
	s.after(Look, 0, good, "")                                    // is told once
	s.after(Look, -2*time.Hour, free, "-7200000000000")           // back, and the source is lost
	s.after(Look, 0, good, "-")                                   //
	s.after(Look, 0, wide, "-")                                   // it may be far off
	s.after(Look, 0, middle, "")                                  // still
	s.after(Look, 0, good, "-")                                   // no more
	s.after(Look, 0, middle, "")                                  //
	s.after(Every-2*Look, 0, good, "")                            //
	s.after(Look, 0, good, "-")                                   // an hour
	s.after(8*time.Hour, 0, Reading{Source: Unknown}, "-")        // asleep: that is no jump
	if got := s.w.See(s.wall, s.elapsed, Reading{}); got == nil { // what is not told comes again
		t.Error("another source is not told")
	}
	if got := s.w.See(s.wall, s.elapsed, Reading{}); got == nil {
		t.Error("another source is not told again")
	}
}

// A jump that could not be recorded is not forgotten.
func TestJumpIsKept(t *testing.T) {
	good := Reading{Source: Chrony, Synchronized: true}
	s := &story{t: t, wall: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	s.after(0, 0, good, "-")
	s.wall, s.elapsed = s.wall.Add(time.Minute), s.elapsed+Look
	if got := s.w.See(s.wall, s.elapsed, good); len(got) != 5 {
		t.Errorf("got %v, want a jump", got)
	}
	s.after(Look, 0, good, "50000000000")
	s.after(Look, 0, good, "")
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		var told []string
		fail := true
		step := time.Duration(0)
		go Watch(ctx, Config{
			Read:    func() Reading { return Reading{Source: Kernel, Synchronized: true} },
			Now:     func() time.Time { return time.Now().Add(step) },
			Elapsed: func() time.Duration { return time.Since(begin) },
			Seal: func(_ context.Context, facts []event.Fact) error {
				if fail {
					return errors.New("not now")
				}
				told = append(told, fmt.Sprint(facts))
				return nil
			},
		})
		time.Sleep(25 * time.Second)
		synctest.Wait()
		fail = false
		time.Sleep(10 * time.Second)
		step = -5 * time.Second
		time.Sleep(2 * time.Hour)
		cancel()
		synctest.Wait()
		if len(told) != 3 && len(told) != 4 {
			t.Fatalf("got %d: %v", len(told), told)
		}
		if want := "[{error_bound_ns 0} {offset_ns 0} {source kernel} {synchronized true} {step_ns -5000000000}]"; told[1] != want {
			t.Errorf("got %s, want %s", told[1], want)
		}
	})
}

// tracking is an answer of chronyd 4.
func tracking(sequence [4]byte, leap uint16, correction, delay, dispersion uint32) []byte {
	b := make([]byte, chronySize)
	b[0], b[1] = chronyVersion, chronyReply
	binary.BigEndian.PutUint16(b[4:], chronyTracking)
	binary.BigEndian.PutUint16(b[6:], chronyTracked)
	copy(b[16:], sequence[:])
	binary.BigEndian.PutUint16(b[chronyHead+26:], leap)
	binary.BigEndian.PutUint32(b[chronyHead+40:], correction)
	binary.BigEndian.PutUint32(b[chronyHead+64:], delay)
	binary.BigEndian.PutUint32(b[chronyHead+68:], dispersion)
	return b
}

func TestChrony(t *testing.T) {
	half, quarter, minus := uint32(1<<25|1<<23), uint32(1<<23), uint32(1<<24) // 0.5, 0.25, -0.5
	seq := [4]byte{1, 2, 3, 4}
	f := func(b []byte, want Reading, ok bool) {
		t.Helper()
		got, err := parseTracking(b, seq)
		if got != want || (err == nil) != ok {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	f(tracking(seq, 0, half, quarter, quarter), Reading{Chrony, true, 500 * time.Millisecond, 875 * time.Millisecond}, true)
	f(tracking(seq, 3, minus, 0, 0), Reading{Chrony, false, -500 * time.Millisecond, 500 * time.Millisecond}, true)
	f(tracking([4]byte{}, 0, half, half, half), Reading{}, false)
	f(tracking(seq, 0, half, half, half)[:chronySize-1], Reading{}, false)
	f(nil, Reading{}, false)
}

func FuzzChrony(f *testing.F) {
	f.Add(tracking([4]byte{}, 0, 1, 2, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := parseTracking(b, [4]byte{}); err == nil && r.Source != Chrony {
			t.Errorf("got %+v", r)
		}
	})
}
