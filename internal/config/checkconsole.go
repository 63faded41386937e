package config

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
}
