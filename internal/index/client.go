package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ClientConfig says which index a Client speaks to.
type ClientConfig struct {
	// Insert and Select are the base URLs of VictoriaLogs, without the paths of
	// its API: the same for a single node, those of vlinsert and vlselect for a
	// cluster. Select nil means Insert.
	Insert, Select *url.URL
	// Token is sent as a bearer token if it is not empty.
	Token string
	// Account and Project choose VictoriaLogs' own tenant. Zero is its default.
	Account, Project uint32
	// Tenant is the value of the stream field `tenant` for rows that have none.
	// Empty means "default".
	Tenant string
	// Timeout bounds each request whose context has no deadline. Zero means 30 s.
	Timeout time.Duration
	// Compress sends rows as zstd: right over a network, wasteful on one machine.
	Compress bool
	// HTTP makes the requests (TLS, proxies). Nil means a client of its own.
	HTTP *http.Client
}

// Client speaks to one index. It is safe for concurrent use.
type Client struct {
	cfg  ClientConfig
	zstd *zstd.Encoder // nil if rows are sent as they are

	// settle is called after an insert of unknown outcome or a restart: when it
	// returns, every row that the index will ever take of earlier requests is
	// searchable.
	settle func(context.Context) error

	// Where windows of time begin; a guess, which costs time if it is wrong.
	earliest moment // of the oldest row, as it was first asked for
	quick    uint64 // [quickRows], and fewer in tests
}

// settleTime is how long a remote index may take to show rows that it has
// accepted: vlinsert and the storage nodes each buffer for about a second.
const settleTime = 5 * time.Second

// NewClient returns a client for a remote index. It makes no request. The client
// of an engine that Gatebook runs comes from [Supervisor.Client].
func NewClient(cfg ClientConfig) (*Client, error) {
	if cfg.Insert == nil || cfg.Insert.Host == "" {
		return nil, errors.New("index: Insert is not a URL with a host, such as http://victorialogs:9428")
	}
	if cfg.Select == nil {
		cfg.Select = cfg.Insert
	}
	if cfg.Tenant == "" {
		cfg.Tenant = "default"
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxIdleConnsPerHost: 8,
			IdleConnTimeout:     50 * time.Second,
		}}
	}
	c := &Client{cfg: cfg, settle: pause(settleTime), quick: quickRows}
	if cfg.Compress {
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
		if err != nil {
			return nil, fmt.Errorf("index: %w", err)
		}
		c.zstd = enc
	}
	return c, nil
}

// pause returns a function that waits for d.
func pause(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return nil
		}
	}
}

// Insert adds rows. When it returns nil the index has taken them all, which says
// nothing of the disk: an engine that is killed loses up to the last seconds.
// After an error any part of them may have been taken. Rows that are added twice
// are there twice, so only a [Follower] should insert into an index it feeds.
func (c *Client) Insert(ctx context.Context, rows []Row) error {
	var b batch
	for _, r := range rows {
		b.add(r, c.cfg.Tenant)
	}
	return c.insert(ctx, &b)
}

func (c *Client) insert(ctx context.Context, b *batch) error {
	if b.rows == 0 {
		return nil
	}
	h := http.Header{"Content-Type": {"application/stream+json"}}
	body := b.lines
	if c.zstd != nil {
		body = c.zstd.EncodeAll(b.lines, make([]byte, 0, len(b.lines)/4))
		h.Set("Content-Encoding", "zstd")
	}
	u := c.cfg.Insert.JoinPath("/insert/jsonline")
	u.RawQuery = "_stream_fields=" + tenantField
	ctx, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.post(ctx, u, h, body)
	if err != nil {
		return unavailable("adding rows", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 == 2 {
		io.Copy(io.Discard, res.Body)
		return nil
	}
	return unavailable("adding rows", errors.New(answer(res)))
}

// query runs q and calls line for each line of the answer, in order. The line is
// valid during the call only. shown is the query to name in errors.
func (c *Client) query(ctx context.Context, shown string, form url.Values, line func([]byte) error) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	res, err := c.post(ctx, c.cfg.Select.JoinPath("/select/logsql/query"), h, []byte(form.Encode()))
	if err != nil {
		if ctx.Err() != nil {
			return slow(ctx, shown)
		}
		return unavailable("searching", err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusOK:
	case res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnprocessableEntity:
		return queryError(shown, answer(res))
	default:
		return unavailable("searching", errors.New(answer(res)))
	}
	err = eachLine(res.Body, func(l []byte) error {
		if l[0] != '{' { // the engine failed after it had begun to answer
			return queryError(shown, string(l))
		}
		return line(l)
	})
	var broken *readError
	if errors.As(err, &broken) {
		if ctx.Err() != nil {
			return slow(ctx, shown)
		}
		return unavailable("searching", err)
	}
	return err
}

// slow is the error of a query whose context has ended.
func slow(ctx context.Context, shown string) error {
	if errors.Is(context.Cause(ctx), errTimeout) {
		return &QueryError{Query: shown, Message: "took too long: ask for a shorter time range, or for a word instead of a pattern"}
	}
	return ctx.Err()
}

var errTimeout = errors.New("the client's own time limit")

// bound gives ctx the client's time limit, unless it has one.
func (c *Client) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, c.cfg.Timeout, errTimeout)
}

func (c *Client) post(ctx context.Context, u *url.URL, h http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.GetBody = nil // a request is never repeated unasked: rows would be there twice
	req.Header = h
	if c.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.cfg.Token)
	}
	if c.cfg.Account != 0 || c.cfg.Project != 0 {
		req.Header.Set("AccountID", strconv.FormatUint(uint64(c.cfg.Account), 10))
		req.Header.Set("ProjectID", strconv.FormatUint(uint64(c.cfg.Project), 10))
	}
	res, err := c.cfg.HTTP.Do(req)
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // without the URL, which may hold a password
	}
	return res, err
}

// flush makes every row that the engine has taken searchable, and waits for
// inserts that are under way. Only our own engine is asked.
func (c *Client) flush(ctx context.Context) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.post(ctx, c.cfg.Insert.JoinPath("/internal/force_flush"), http.Header{}, nil)
	if err != nil {
		return unavailable("flushing", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return unavailable("flushing", errors.New(answer(res)))
	}
	return nil
}

// answer is the status and the beginning of the body of an error.
func answer(res *http.Response) string {
	b, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	text := strings.TrimSpace(string(b))
	if res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnprocessableEntity {
		return text
	}
	return res.Status + ": " + requestPrefix.ReplaceAllString(text, "")
}
