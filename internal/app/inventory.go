package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/objects"
)

// openInventory makes the catalog, and takes up where it was left.
func (a *App) openInventory() error {
	a.catalog = catalog.New(catalog.Limits{})
	var err error
	a.inventory, err = catalog.NewFollower(catalog.FollowerConfig{
		Catalog: a.catalog, Feed: a.recorder, Ledger: a.ledger, Path: filepath.Join(a.cfg.Data, "catalog", "catalog.gz"),
		Origin: a.keys.signer.Name(), Log: a.log,
	})
	return err
}

// openObjects makes the view of which calls touched which objects, and takes it
// up where it was left. Its hashes have a key of their own, which is made of the
// installation's.
func (a *App) openObjects() error {
	key := hmac.New(sha256.New, a.keys.fingerprint)
	key.Write([]byte("gatebook view of objects"))
	var err error
	a.objects, err = objects.Open(objects.Config{
		Disk: disk.Dir(filepath.Join(a.cfg.Data, "objects")), Feed: a.recorder, Ledger: a.ledger, Origin: a.keys.signer.Name(), Key: key.Sum(nil), Log: a.log,
	})
	return err
}

// documents returns what the descriptions of the APIs say, each operation for
// the route that takes its calls: several routes may share a description.
func (a *App) documents() []catalog.Documented {
	out := []catalog.Documented{}
	for _, d := range a.operations.Documented() {
		if !a.takes(d.Route, d.Template) {
			continue
		}
		doc := catalog.Documented{API: d.Route, Method: d.Method, Route: d.Template, Name: d.Name, Deprecated: d.Deprecated, Requires: d.Requires, Statuses: d.Statuses}
		for _, c := range d.Choices {
			doc.Scopes = append(doc.Scopes, c.Scopes...)
		}
		out = append(out, doc)
	}
	return out
}

// takes reports whether calls of a template come to the route, and not to
// another one for the same hosts with a longer path.
func (a *App) takes(route, template string) bool {
	routes := a.cfg.Gateway.Routes
	i := slices.IndexFunc(routes, func(r config.Route) bool { return r.Name == route })
	if i < 0 || !below(routes[i].Path, template) {
		return false
	}
	return !slices.ContainsFunc(routes, func(r config.Route) bool {
		return len(r.Path) > len(routes[i].Path) && below(r.Path, template) && slices.Equal(r.Hosts, routes[i].Hosts) && len(r.Methods) == 0
	})
}

// below reports whether a template is the path, or below it.
func below(path, template string) bool {
	path = strings.TrimSuffix(path, "/")
	return template == path || strings.HasPrefix(template, path+"/")
}
