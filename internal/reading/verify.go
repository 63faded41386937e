package reading

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// ErrBusy is the error of what is running already and may run once at a time.
var ErrBusy = errors.New("a verification is running already: wait for its end")

// Verify verifies the whole ledger, on half of the processors, and records the
// result. A verification that was begun goes on when ctx ends. It fails with
// [ErrBusy] if one runs already.
func (r *Room) Verify(ctx context.Context, who Reader, o ledger.VerifyOptions) (*ledger.Report, error) {
	who, err := r.admit(who, ActVerify)
	if err != nil {
		return nil, err
	}
	if !r.verifying.TryLock() {
		return nil, ErrBusy
	}
	defer r.verifying.Unlock()
	if o.Parallel == nil {
		o.Parallel = parallel
	}
	o.Keys = r.cfg.Keys
	report := ledger.Verify(r.cfg.Files, o)
	err = r.look(context.WithoutCancel(ctx), who, ActVerify, "", nil,
		event.Fact{Name: "ok", Value: strconv.FormatBool(report.OK())},
		event.Fact{Name: "problems", Value: strconv.Itoa(len(report.Problems))},
		event.Fact{Name: "size", Value: strconv.FormatUint(report.Size, 10)},
		event.Fact{Name: "unreadable", Value: strconv.Itoa(len(report.Unreadable))})
	if err != nil {
		return nil, err
	}
	return report, nil
}

// parallel calls do(0), …, do(n-1) on half of the processors, so that calls are
// still served.
func parallel(n int, do func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
