package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/cache"
	"github.com/gatebook/gatebook/internal/redact"
)

// Introspection says how an issuer is asked about tokens that only it can
// read (RFC 7662). Zero values mean the defaults.
type Introspection struct {
	// URL is the endpoint. Empty means as the issuer's discovery document says.
	URL string
	// ClientID and Secret are those of a client that may ask. They are sent as
	// RFC 6749, section 2.3.1, says: by Basic.
	ClientID, Secret string
	// Believe is how long an answer counts; 0 means 1 min. A token that is
	// revoked at the issuer is believed for so long.
	Believe time.Duration
	// Wait bounds how long a question holds up the call, and others with the
	// same token; 0 means 300 ms. The answer, if it comes later, is for the
	// calls after it, and no call waits until the issuer answers in time again.
	Wait time.Duration
}

const (
	// maxQuestions is how many questions one issuer is asked at a time, so that
	// a stranger with made-up tokens cannot turn Gatebook against it.
	maxQuestions = 32
	// restAfterFailure is how long an issuer that did not answer is not asked.
	restAfterFailure = time.Second
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 256 << 10
)

// asker asks one issuer about opaque tokens.
type asker struct {
	r         *Resolver
	issuer    *issuer
	client    *http.Client
	cfg       *Config
	good, bad *cache.Cache[[32]byte, *verdict] // each verdict counts until its time

	asking sync.WaitGroup
	mu     sync.Mutex             // guards what follows
	ctx    context.Context        // of Run; nil: it does not run
	open   map[[32]byte]*question // what is being asked, by token
	failed time.Time              // when a question failed last; zero: the last one was answered
	slow   bool                   // a question held up its call for too long, and none was answered in time since
}

// question is asked once for all calls with a token.
type question struct {
	began time.Time
	done  chan struct{} // closed when v is set
	v     *verdict
}

func newAsker(r *Resolver, cfg *Config, is *issuer) *asker {
	client := *cfg.Client
	// A redirect would carry the token elsewhere.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &asker{
		r: r, issuer: is, client: &client, cfg: cfg, open: map[[32]byte]*question{},
		good: cache.New[[32]byte, *verdict](cfg.CacheSize), bad: cache.New[[32]byte, *verdict](cfg.CacheSize),
	}
}

// start lets questions be asked until ctx ends.
func (a *asker) start(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ctx = ctx
}

// stop lets no more questions be asked, and waits for those that were.
func (a *asker) stop() {
	a.mu.Lock()
	a.ctx = nil
	a.mu.Unlock()
	a.asking.Wait()
}

// opaque makes the verdict on a token that only its issuer can read: that of
// the first issuer to whom it is active. It returns nil if none can be asked.
func (r *Resolver) opaque(ctx context.Context, sum [32]byte, compact string) *verdict {
	var v *verdict
	for _, a := range r.askers {
		next := a.verdict(ctx, sum, compact)
		if next.refusal == nil {
			return next
		}
		// That a token is not of this issuer says less than anything else.
		if v == nil || v.refusal.Principal.Reason == identity.TokenInactive {
			v = next
		}
	}
	return v
}

// verdict returns what the issuer says of a token: as it was kept, or as it
// answers now.
func (a *asker) verdict(ctx context.Context, sum [32]byte, compact string) *verdict {
	if v := a.kept(sum); v != nil {
		return v
	}
	q, wait, reason := a.ask(sum, compact)
	if reason != "" {
		return a.refuse(reason, compact)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-q.done:
		return q.v
	case <-timer.C:
		select {
		case <-q.done:
			return q.v
		default:
		}
		a.mu.Lock()
		a.slow = true
		a.mu.Unlock()
	case <-ctx.Done():
	}
	return a.refuse(identity.IssuerUnavailable, compact)
}

// kept returns what the issuer said of a token, as long as it counts; else nil.
func (a *asker) kept(sum [32]byte) *verdict {
	for _, kept := range []*cache.Cache[[32]byte, *verdict]{a.good, a.bad} {
		if v, ok := kept.Get(sum); ok && a.r.now().Before(v.until) {
			return v
		}
	}
	return nil
}

// ask returns the question about a token and how long to wait for its answer,
// or why it is not asked.
func (a *asker) ask(sum [32]byte, compact string) (q *question, wait time.Duration, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if q = a.open[sum]; q == nil {
		if v := a.kept(sum); v != nil { // it was answered just now
			q = &question{done: make(chan struct{}), v: v}
			close(q.done)
			return q, 0, ""
		}
		switch {
		case a.ctx == nil || time.Since(a.failed) < restAfterFailure:
			return nil, 0, identity.IssuerUnavailable
		case len(a.open) >= maxQuestions:
			return nil, 0, identity.CheckOverloaded
		}
		q = a.begin(sum, compact)
	}
	if a.slow {
		return q, 0, ""
	}
	// As for keys, the limit counts from the beginning of the question.
	return q, time.Until(q.began.Add(a.issuer.Introspection.Wait)), ""
}

// begin asks a question; the caller holds mu.
func (a *asker) begin(sum [32]byte, compact string) *question {
	q := &question{began: time.Now(), done: make(chan struct{})}
	a.open[sum] = q
	ctx := a.ctx
	a.asking.Go(func() {
		answer, err := a.introspect(ctx, compact)
		if err != nil {
			q.v = a.refuse(identity.IssuerUnavailable, compact)
		} else {
			q.v = a.judge(answer, compact)
			kept := a.good
			if q.v.refusal != nil {
				kept = a.bad
			}
			kept.Put(sum, q.v)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.report(err)
		if err == nil && time.Since(q.began) <= a.issuer.Introspection.Wait {
			a.slow = false
		}
		delete(a.open, sum)
		close(q.done)
	})
	return q
}

// report logs a change from answering to not answering and back; the caller
// holds mu.
func (a *asker) report(err error) {
	switch {
	case errors.Is(err, context.Canceled):
		return
	case err != nil && a.failed.IsZero():
		a.cfg.Log.Warn("asking an issuer about a token", "issuer", a.issuer.URL, "err", err)
	case err == nil && !a.failed.IsZero():
		a.cfg.Log.Info("an issuer answers questions about tokens again", "issuer", a.issuer.URL)
	}
	a.failed = time.Time{}
	if err != nil {
		a.failed = time.Now()
	}
}

func (a *asker) refuse(reason, compact string) *verdict {
	id := identity.Refused(identity.MethodBearer, reason, "")
	id.Credential.Fingerprint = redact.Fingerprint(a.r.key, compact)
	id.Principal.Issuer = a.issuer.URL
	return &verdict{refusal: id, until: a.r.now().Add(a.issuer.Introspection.Believe)}
}

// answered is the answer of an issuer (RFC 7662, section 2.2): the claims that
// the token would have, if it could be read.
type answered struct {
	Active   bool    `json:"active"`
	Username lenient `json:"username"`
	token    token
}

// judge makes the verdict that an answer comes to.
func (a *asker) judge(answer *answered, compact string) *verdict {
	if !answer.Active {
		return a.refuse(identity.TokenInactive, compact)
	}
	t := &answer.token
	if t.claims.Subject == "" && t.claims.ClientID.one() != answer.Username.one() {
		t.claims.Subject = answer.Username.one() // who lets the client act
	}
	if len(t.claims.Name) == 0 {
		t.claims.Name = answer.Username
	}
	until := a.r.now().Add(a.issuer.Introspection.Believe)
	forever := t.claims.Expires == nil
	if forever { // it ends when the issuer says so
		t.claims.Expires = new(seconds)
	}
	if t.claims.check() != nil {
		return a.refuse(identity.MalformedToken, compact)
	}
	if t.claims.Issuer != "" && t.claims.Issuer != a.issuer.URL {
		return a.refuse(identity.WrongIssuer, compact)
	}
	credential := event.Credential{Method: identity.MethodBearer, Fingerprint: redact.Fingerprint(a.r.key, compact)}
	if !forever {
		credential.Expires = t.claims.Expires.time()
	}
	v := a.r.accept(t, a.issuer, credential, identity.TokenActive)
	if v.until = until; forever {
		v.expires = until
	}
	// The issuer may leave out for whom a token is: it knows who asks.
	if len(t.claims.Audience) > 0 && !a.issuer.meant(t) {
		v.refusal = v.refuse(identity.WrongAudience)
	}
	return v
}

// introspect asks the issuer. Its errors do not name the token.
func (a *asker) introspect(ctx context.Context, compact string) (*answered, error) {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.FetchTimeout)
	defer cancel()
	in := &a.issuer.Introspection
	at := in.URL
	if at == "" {
		at = a.issuer.keys.endpoint(ctx)
	}
	if at == "" {
		return nil, errors.New("the issuer's discovery document could not be read, or names no introspection_endpoint: configure the address of introspection")
	}
	form := url.Values{"token": {compact}, "token_type_hint": {"access_token"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(in.ClientID), url.QueryEscape(in.Secret))
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", at, err)
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("%s answered %s to the client %q: check its id and secret, and that it may introspect", at, resp.Status, in.ClientID)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answered %s", at, resp.Status)
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("%s answered more than %d bytes", at, maxAnswer)
	}
	answer := new(answered)
	for _, v := range []any{answer, &answer.token.claims, &answer.token.all} {
		if err := json.Unmarshal(raw, v); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
	}
	return answer, nil
}

// check completes the settings, or says what is wrong with them.
func (in *Introspection) check(is *Issuer) error {
	if *in == (Introspection{}) {
		return nil
	}
	in.Believe = cmp.Or(in.Believe, time.Minute)
	in.Wait = cmp.Or(in.Wait, 300*time.Millisecond)
	var errs []error
	if in.ClientID == "" {
		errs = append(errs, errors.New("client id: is empty: an issuer answers clients only"))
	}
	if in.URL != "" {
		if err := is.checkURL(in.URL); err != nil {
			errs = append(errs, fmt.Errorf("url: %w", err))
		}
	} else if is.KeysURL != "" {
		errs = append(errs, errors.New("url: is empty, and nothing is discovered of an issuer whose keys url is given: name it"))
	}
	return errors.Join(errs...)
}

// meant reports whether the token is meant for this API.
func (is *issuer) meant(t *token) bool {
	return is.AnyAudience || slices.ContainsFunc(t.claims.Audience, func(aud string) bool { return slices.Contains(is.Audiences, aud) })
}
