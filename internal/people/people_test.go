package people

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/state"
)

const words = "seven quiet otters paint"

// house is people with a clock that stands still.
type house struct {
	*People
	t    *testing.T
	file string
	now  time.Time
}

func open(t *testing.T) *house {
	h := &house{t: t, file: filepath.Join(t.TempDir(), "state.db"), now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	h.start()
	return h
}

// start opens the state, as after a restart.
func (h *house) start() {
	h.t.Helper()
	db, err := state.Open(h.file)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { db.Close() })
	h.People, err = New(h.t.Context(), Config{DB: db, Key: make([]byte, 32), Memory: 64, Now: func() time.Time { return h.now }})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) add(name, password string) *Account {
	h.t.Helper()
	a, err := h.Prepare(h.t.Context(), NewAccount{name, "viewer", password})
	if err == nil {
		err = h.Add(h.t.Context(), a, password)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *house) begin(a *Account, agent string) string {
	h.t.Helper()
	s, secret := h.New(a, ByPassword, Client{Address: "192.0.2.1", Agent: agent})
	if err := h.Begin(h.t.Context(), s, secret); err != nil {
		h.t.Fatal(err)
	}
	return secret
}

// TestRestart is that sessions and links go on, and that what is stored lets
// nobody in.
func TestRestart(t *testing.T) {
	h := open(t)
	ada := h.add("ada", words)
	cookie := h.begin(ada, "browser")
	link, _, err := h.Link(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.db.Close()
	for _, name := range []string{h.file, h.file + "-wal"} {
		b, _ := os.ReadFile(name)
		for _, secret := range []string{cookie, link, words} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds a secret", name)
			}
		}
	}
	h.start()
	if s, err := h.Find(t.Context(), cookie, "browser"); err != nil || s.Name != "ada" {
		t.Errorf("after the restart: %v %v", s, err)
	}
	if a, err := h.Follow(t.Context(), link); err != nil || a != nil {
		t.Errorf("the link: %v %v", a, err)
	}
	if _, err := h.Follow(t.Context(), link); !errors.Is(err, ErrCredentials) {
		t.Errorf("the link, once more: %v", err)
	}
}

// TestLinks end: by time, by another link, with the account.
func TestLinks(t *testing.T) {
	h := open(t)
	ada := h.add("ada", "")
	first, _, _ := h.Link(t.Context(), ada)
	second, _, _ := h.Link(t.Context(), ada)
	third, _, _ := h.Link(t.Context(), h.add("bob", ""))
	if _, err := h.Follow(t.Context(), first); !errors.Is(err, ErrCredentials) {
		t.Errorf("the link before: %v", err)
	}
	if err := h.SetDisabled(t.Context(), ada, true); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Follow(t.Context(), second); !errors.Is(err, ErrCredentials) {
		t.Errorf("the link of a disabled account: %v", err)
	}
	h.now = h.now.Add(InvitationLink)
	if _, err := h.Follow(t.Context(), third); !errors.Is(err, ErrCredentials) {
		t.Errorf("the link after three days: %v", err)
	}
}

// TestGuessing slows down whoever guesses, and not the owner in their browser.
func TestGuessing(t *testing.T) {
	h := open(t)
	ada := h.add("ada", words)
	device, _ := h.Known(ada.ID)
	guess := func(address, device string) error {
		_, _, err := h.Prove(t.Context(), "ada", "wrong wrong wrong", Client{Address: address, Device: device})
		return err
	}
	slow := func(err error) time.Duration {
		var s *Throttled
		if errors.As(err, &s) {
			return s.After
		}
		return 0
	}
	for i := range limitPair.free {
		if err := guess("192.0.2.1", ""); !errors.Is(err, ErrCredentials) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	if got := slow(guess("192.0.2.1", "")); got != limitPair.first {
		t.Errorf("after the free ones the wait is %s, want %s", got, limitPair.first)
	}

	// From everywhere, for hours, as often as possible.
	made := 0
	for end := h.now.Add(4 * time.Hour); h.now.Before(end); h.now = h.now.Add(10 * time.Second) {
		if guess(fmt.Sprintf("198.51.%d.%d", made/200%200, made%200), "") == ErrCredentials {
			made++
		}
	}
	if most := int(4*time.Hour/limitName.longest) + 30; made > most {
		t.Errorf("%d guesses in four hours, want at most %d", made, most)
	}
	if _, _, err := h.Prove(t.Context(), "ada", words, Client{Address: "203.0.113.9", Device: device}); err != nil {
		t.Errorf("the owner in a known browser: %v", err)
	}
	if _, _, err := h.Prove(t.Context(), "ada", words, Client{Address: "203.0.113.9", Device: device[:len(device)-2] + "AA"}); slow(err) == 0 {
		t.Errorf("with a forged cookie: %v", err)
	}
	bob := h.add("bob", words)
	other, _ := h.Known(bob.ID)
	if _, _, err := h.Prove(t.Context(), "ada", words, Client{Address: "203.0.113.9", Device: other}); slow(err) == 0 {
		t.Errorf("with the cookie of another account: %v", err)
	}

	// The wait is short, and grows for nobody who only waits.
	h.now = h.now.Add(limitName.longest)
	if _, _, err := h.Prove(t.Context(), "ada", words, Client{Address: "203.0.113.9"}); err != nil {
		t.Errorf("the owner, in a new browser, half a minute later: %v", err)
	}
}

// TestManyAtOnce is that guesses which are made at once count each.
func TestManyAtOnce(t *testing.T) {
	h := open(t)
	h.add("ada", words)
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 40 {
		wg.Go(func() {
			if _, _, err := h.Prove(t.Context(), "ada", "wrong wrong wrong", Client{Address: "192.0.2.1"}); errors.Is(err, ErrCredentials) {
				mu.Lock()
				defer mu.Unlock()
				made++
			}
		})
	}
	wg.Wait()
	if made != limitPair.free {
		t.Errorf("%d of 40 guesses were made, want %d", made, limitPair.free)
	}
}

// TestThrottleIsBounded fills the throttle with names.
func TestThrottleIsBounded(t *testing.T) {
	var th throttle
	now := time.Now()
	for i := range maxThrottled + 100 {
		if err := th.take(now.Add(time.Duration(i)), limited{fmt.Sprint(i), limitPair}); err != nil {
			t.Fatal(err)
		}
	}
	if len(th.keys) > maxThrottled {
		t.Errorf("%d keys, want at most %d", len(th.keys), maxThrottled)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, want := range map[string]bool{
		words: true, "correct horse battery staple": true, "Zwölf Boxkämpfer": true, "v8$kQ!pz0-Rm4&xW": true, "日本語の長い合言葉はとても安全です": true,
		"short": false, "fourteen chars": false, "passwordpassword": false, "Password12345678": false, "aaaaaaaaaaaaaaaaaaaa": false, "1234567890123456": false,
		"ada@example.com1": false, "qwertyuiopasdfghjkl": false, "ababababababababab": false, strings.Repeat("seven quiet otters ", 40): false, "seven quiet otters \xff": false,
	} {
		if err := CheckPassword("ada@example.com", password); (err == nil) != want {
			t.Errorf("%q: %v, want it to be allowed: %t", password, err, want)
		}
	}
}

// TestHash reads what was written, and nothing else.
func TestHash(t *testing.T) {
	c := cost{1, 64, 1}
	s := format(c, make([]byte, saltLen), make([]byte, hashLen))
	if got, _, _, err := parse(s); err != nil || got != c {
		t.Errorf("%s: %v %v", s, got, err)
	}
	for _, bad := range []string{"", "x", strings.Replace(s, "argon2id", "argon2i", 1), strings.Replace(s, "m=64", "m=99999999", 1), strings.Replace(s, "p=1", "p=0", 1), strings.Replace(s, "m=64", "m=064", 1), s + "A", strings.Replace(s, "v=19", "v=16", 1)} {
		if _, _, _, err := parse(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"Ada": "ada", " ada@Example.com ": "ada@example.com", "Ａｄａ": "ada", "O'Neill, J.": "", "ada\u202e": "", "": "", "administrator": "", "ADMINISTRATOR": "", "Łukasz Żak": "łukasz żak", strings.Repeat("a", 129): "",
	} {
		if got, _ := cleanName(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestSessionsOfOneAccount are bounded: the oldest ends.
func TestSessionsOfOneAccount(t *testing.T) {
	h := open(t)
	ada := h.add("ada", words)
	first := h.begin(ada, "browser")
	for range maxSessions {
		h.now = h.now.Add(time.Second)
		h.begin(ada, "browser")
	}
	if _, err := h.Find(t.Context(), first, "browser"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the oldest of too many sessions: %v", err)
	}
	list, err := h.Sessions(t.Context(), nil)
	if err != nil || len(list) != maxSessions {
		t.Errorf("%d sessions %v, want %d", len(list), err, maxSessions)
	}
}

// TestSweep is that addresses do not stay longer than the sessions.
func TestSweep(t *testing.T) {
	h := open(t)
	ada := h.add("ada", words)
	h.begin(ada, "browser")
	h.now = h.now.Add(time.Hour)
	if err := h.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := h.db.QueryRow("SELECT count(*) FROM people_sessions").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d sessions stay (%v)", n, err)
	}
	if err := h.Remove(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	h.db.Close()
	b, err := os.ReadFile(h.file)
	if err != nil || strings.Contains(string(b), "ada") {
		t.Errorf("the name stays in the file (%v)", err)
	}
}
