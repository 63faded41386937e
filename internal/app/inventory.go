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
