package app

import (
	"path/filepath"

	"github.com/gatebook/gatebook/internal/catalog"
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

// documents returns what the descriptions of the APIs say.
func (a *App) documents() []catalog.Documented {
	list := a.operations.Documented()
	out := make([]catalog.Documented, len(list))
	for i, d := range list {
		out[i] = catalog.Documented{API: d.Route, Method: d.Method, Route: d.Template, Name: d.Name, Deprecated: d.Deprecated, Requires: d.Requires, Statuses: d.Statuses}
		for _, c := range d.Choices {
			out[i].Scopes = append(out[i].Scopes, c.Scopes...)
		}
	}
	return out
}
