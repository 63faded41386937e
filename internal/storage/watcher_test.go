package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/storage"
	"github.com/gatebook/gatebook/test/readingtest"
)

// TestMeasure records five days of calls, and measures the sixth.
func TestMeasure(t *testing.T) {
	h := readingtest.Open(t)
	begin := time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
	const perDay, days, batch = 1536, 5, 512
	body := strings.Repeat("It is hard to compress. ", 8)
	count := 0
	call := func() {
		e := readingtest.Call(begin.Add(time.Duration(count)*24*time.Hour/perDay), "alice", "GET", fmt.Sprint("/customers/", count), 200)
		e.Payload.Response.Body = fmt.Sprint(count, body, count*count)
		if count++; count%batch == 0 { // one wait for the disk is enough for many
			h.Put(e)
		} else {
			h.Recorder.Put(e)
		}
	}
	// The newest are in the journal until more fill a segment of it, which is then
	// sealed: what comes on the sixth day does.
	for range perDay * (days + 2) {
		call()
	}
	var sealed uint64
	for end := time.Now().Add(time.Minute); sealed < perDay*(days+1); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("only %d of %d records are sealed", sealed, count)
		}
		if err := h.Ledger.Refresh(); err != nil {
			t.Fatal(err)
		}
		sealed, _ = h.Ledger.Segments()
	}
	data := filepath.Dir(h.Dir)
	part := filepath.Join(data, "index", "engine", "partitions")
	for i, size := range []int{100, 3000, 4000, 5000, 90_000} { // of the 20th to the 24th
		dir := filepath.Join(part, fmt.Sprint(20261120+i), "datadb")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "values.bin"), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var keep [event.Classes]time.Duration
	w := storage.New(storage.Config{
		Data: data, Ledger: h.Ledger, Now: func() time.Time { return time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC) },
		Keep: func() ([event.Classes]time.Duration, bool) { return keep, false },
	})
	if w.Usage() != nil {
		t.Error("there is a measurement before the first")
	}
	u := w.Measure()
	if u.Problem != "" {
		t.Fatal(u.Problem)
	}
	var sum int64
	bytes := map[string]int64{}
	for _, p := range u.Parts {
		bytes[p.Name], sum = p.Bytes, sum+p.Bytes
	}
	if bytes["headers"] == 0 || bytes["envelopes"] == 0 || bytes["journal"] == 0 || bytes["index"] != 102_100 {
		t.Errorf("the parts are %v, want headers, envelopes, a journal and 102100 bytes of index", bytes)
	}
	if u.Total == 0 || u.Free == 0 || u.Free > u.Total {
		t.Errorf("%d of %d bytes are free", u.Free, u.Total)
	}
	// The 21st to the 24th are complete. Of the index the median of 3000, 4000,
	// 5000 and 90000 counts.
	want := float64(sum-bytes["index"]-bytes["journal"])*perDay/float64(sealed) + 4500
	if u.Growth == nil || u.Growth.Days != 4 || float64(u.Growth.Bytes) < 0.8*want || float64(u.Growth.Bytes) > 1.25*want {
		t.Errorf("the growth is %+v, want about %.0f bytes a day of 4 days", u.Growth, want)
	}
	if u.Full == nil || !strings.Contains(u.Forecast, "at the growth of the last 4 days") {
		t.Errorf("the forecast is %q", u.Forecast)
	}
	if again := w.Usage(); again == nil || !slices.Equal(again.Parts, u.Parts) {
		t.Errorf("Usage gives %+v, want what was measured", again)
	}
}
