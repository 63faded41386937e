package config

import (
	"net/url"
	"time"
)

// Console is the console in the browser, and who signs in to it.
type Console struct {
	// Serve it, and let people sign in. Without it the operations listener
	// takes bearer tokens only.
	Enabled bool `key:"enabled" default:"true"`

	// Where browsers reach the operations listener, such as
	// https://gatebook.example.com. Its host is then one by which the listener
	// may be asked. A proxy in front must keep the Host header. Empty: the
	// address of the listener.
	PublicURL *url.URL `key:"public_url" scheme:"https,http"`

	// Let people sign in with the password of a local account.
	Passwords bool `key:"passwords" default:"true"`

	// A session ends after so long without a request.
	Idle time.Duration `key:"idle" default:"1h" min:"1m" max:"24h"`

	// A session ends after so long in any case.
	Lifetime time.Duration `key:"lifetime" default:"12h" min:"5m" max:"720h"`

	// After so long people sign in again before they erase, or change keys,
	// readers, accounts or legal holds.
	ConfirmAfter time.Duration `key:"confirm_after" default:"15m" min:"1m" max:"24h"`
}
