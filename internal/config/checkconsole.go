package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

func (l *loader) checkConsole() {
	c := &l.cfg.Console
	if u := c.PublicURL; u != nil {
		if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			l.complain("console.public_url", "%q has more than a host: the console is at the root of it, write it such as https://gatebook.example.com", shorten(u.Redacted()))
		}
	}
	if c.Idle > c.Lifetime {
		l.complain("console.idle", "%s is longer than console.lifetime (%s), correct one of them", c.Idle, c.Lifetime)
	}
	l.checkConsoleOIDC()
}

// consoleRoles are the roles of readers.
var consoleRoles = []string{"viewer", "investigator", "auditor", "administrator"}

func (l *loader) checkConsoleOIDC() {
	o, path := l.cfg.Console.OIDC, "console.oidc"
	if o.Issuer == nil {
		if o.ClientID != "" || len(o.Roles) > 0 || o.DefaultRole != "" {
			l.complain(path+".issuer", "is missing, write the issuer of the provider such as https://login.example.com")
		}
		return
	}
	if host := o.Issuer.Hostname(); o.Issuer.Scheme == "http" && host != "localhost" {
		if a, err := netip.ParseAddr(host); err != nil || !a.IsLoopback() {
			l.complain(path+".issuer", "%q is http, so that anybody on the way could be anyone: use https", shorten(o.Issuer.Redacted()))
		}
	}
	if o.ClientID == "" {
		l.complain(path+".client_id", "is missing, write the id that the provider gave this Gatebook")
	}
	if !slices.Contains(o.Scopes, "openid") {
		l.complain(path+".scopes", "lack openid, without which the provider does not say who somebody is: add it")
	}
	for i, r := range o.Roles {
		at := strings.LastIndexByte(r, '=')
		if at <= 0 || !slices.Contains(consoleRoles, r[at+1:]) {
			l.complain(fmt.Sprintf("%s.roles[%d]", path, i), "%q is no value=role with one of the roles %s", shorten(r), strings.Join(consoleRoles, ", "))
		}
	}
	if o.DefaultRole != "" && !slices.Contains(consoleRoles, o.DefaultRole) {
		l.complain(path+".default_role", "%q is no role, write one of %s", shorten(o.DefaultRole), strings.Join(consoleRoles, ", "))
	}
	known := slices.ContainsFunc(l.cfg.Identity.OIDC, func(i OIDC) bool { return i.Issuer != nil && i.Issuer.String() == o.Issuer.String() })
	switch {
	case o.RefuseCalls > 0 && !known:
		l.complain(path+".refuse_calls", "needs the issuer under identity.oidc too: without it the gateway knows nobody's tokens of that provider")
	case l.cfg.Act.MaxDuration > 0 && o.RefuseCalls > l.cfg.Act.MaxDuration:
		l.complain(path+".refuse_calls", "%s is longer than act.max_duration (%s), correct one of them", o.RefuseCalls, l.cfg.Act.MaxDuration)
	}
	if len(o.Roles) == 0 && o.DefaultRole == "" {
		l.complain(path+".roles", "is empty, so that nobody could sign in: write value=role, or set default_role")
	}
}
