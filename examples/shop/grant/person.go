package grant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxHops bounds the redirects of one login.
const maxHops = 10

// ErrLogin says that the issuer did not accept the person's name and password.
var ErrLogin = errors.New("user name or password not accepted")

// Person logs a person in through app: authorization request with PKCE, login
// page, form, redirect with the code, token. Scopes should contain openid;
// with offline_access the token can be renewed.
func (is *Issuer) Person(ctx context.Context, app App, name, password string, scopes ...string) (Token, error) {
	session, err := is.newSession()
	if err != nil {
		return Token{}, fmt.Errorf("logging in %s: %w", name, err)
	}
	verifier, state := rand.Text()+rand.Text(), rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	start := is.Authorization + "?" + url.Values{
		"client_id":             {app.ID},
		"redirect_uri":          {app.RedirectURI},
		"response_type":         {"code"},
		"scope":                 {strings.Join(scopes, " ")},
		"state":                 {state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}.Encode()

	login, err := walk(ctx, session, http.MethodGet, start, nil, app.RedirectURI)
	if err != nil {
		return Token{}, fmt.Errorf("logging in %s: %w", name, err)
	}
	if err := refusal(login, app); err != nil {
		return Token{}, fmt.Errorf("logging in %s: %w", name, err)
	}
	// The login page posts to itself; the request id is in its address.
	back, err := walk(ctx, session, http.MethodPost, login.String(),
		url.Values{"username": {name}, "password": {password}}, app.RedirectURI)
	if err != nil {
		return Token{}, fmt.Errorf("logging in %s: %w", name, err)
	}
	if err := refusal(back, app); err != nil {
		return Token{}, fmt.Errorf("logging in %s: %w", name, err)
	}
	q := back.Query()
	switch {
	case !strings.HasPrefix(back.String(), app.RedirectURI):
		return Token{}, fmt.Errorf("logging in %s: %w", name, ErrLogin)
	case q.Get("state") != state:
		return Token{}, fmt.Errorf("logging in %s: the state came back changed", name)
	}
	return is.token(ctx, app, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {q.Get("code")},
		"redirect_uri":  {app.RedirectURI},
		"code_verifier": {verifier},
	})
}

// refusal returns the error that the issuer sent back to the application's
// redirect address, if that is where we are.
func refusal(at *url.URL, app App) error {
	q := at.Query()
	if !strings.HasPrefix(at.String(), app.RedirectURI) || q.Get("error") == "" {
		return nil
	}
	return &Error{Status: http.StatusFound, Code: q.Get("error"), Description: q.Get("error_description")}
}

// walk sends one request and follows redirects until a page is shown or the
// way leads to the application's redirect address, which is not called. It
// returns the address where it ended.
func walk(ctx context.Context, session *http.Client, method, at string, form url.Values, redirectURI string) (*url.URL, error) {
	body := strings.NewReader(form.Encode())
	for range maxHops {
		req, err := http.NewRequestWithContext(ctx, method, at, body)
		if err != nil {
			return nil, err
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := session.Do(req)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
		resp.Body.Close()
		switch {
		case resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusUnauthorized:
			return req.URL, nil
		case resp.StatusCode < 300 || resp.StatusCode > 399:
			return nil, &Error{Status: resp.StatusCode, Description: "at " + req.URL.Path}
		}
		next, err := resp.Location()
		if err != nil {
			return nil, fmt.Errorf("redirect from %s: %w", req.URL.Path, err)
		}
		if strings.HasPrefix(next.String(), redirectURI+"?") {
			return next, nil
		}
		method, at, body = http.MethodGet, next.String(), strings.NewReader("")
	}
	return nil, fmt.Errorf("more than %d redirects", maxHops)
}
