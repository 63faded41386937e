package api

import (
	"compress/gzip"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/internal/reading"
)

// tileRoutes are the endpoints of C2SP tlog-tiles.
func tileRoutes() []route {
	return []route{
		{method: "GET", path: "/checkpoint", id: "tlogCheckpoint", summary: "The newest checkpoint, cosigned by witnesses if there are any: C2SP tlog-checkpoint.", media: "text/plain; charset=utf-8", tiles: true, handle: func(c *call) error {
			if err := c.mayTile(); err != nil {
				return err
			}
			_, signed, err := c.cfg.Room.Shown()
			if err != nil {
				return err
			}
			c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, err = c.w.Write(signed)
			return err
		}},
		{method: "GET", path: "/ledger", id: "ledgerPage", summary: "A page for people with the newest checkpoint, whose it is, and how to keep and compare it.", media: "text/html; charset=utf-8", tiles: true, handle: ledgerPage},
		{method: "GET", path: "/tile/{path...}", id: "tlogTile", summary: "A tile or entry bundle: C2SP tlog-tiles, /tile/<L>/<N>[.p/<W>] and /tile/entries/<N>[.p/<W>].", media: "application/octet-stream", tiles: true, handle: tile},
	}
}

// mayTile refuses readers who may not see proofs. Without a reader the tiles are
// public.
func (c *call) mayTile() error {
	if c.reader.Name == "" {
		return nil
	}
	return c.reader.May(reading.ActProve)
}

func tile(c *call) error {
	if err := c.mayTile(); err != nil {
		return err
	}
	// tlog names the height, always 8 here, and calls the entries data.
	path := c.r.PathValue("path")
	if rest, ok := strings.CutPrefix(path, "entries/"); ok {
		path = "data/" + rest
	} else if strings.HasPrefix(path, "data/") {
		path = ""
	}
	t, err := tlog.ParseTilePath("tile/8/" + path)
	if err != nil {
		return &Problem{Status: http.StatusNotFound, Type: "not-found", Detail: "that is not the path of a tile", Help: "paths are /tile/<L>/<N>[.p/<W>] and /tile/entries/<N>[.p/<W>], as in C2SP tlog-tiles"}
	}
	who := c.reader
	if c.cfg.PublicTiles {
		who = reading.Reader{} // anyone gets them: no look is recorded
	}
	b, err := c.cfg.Room.Tile(c.r.Context(), who, t)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	if c.cfg.PublicTiles {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if t.L < 0 && strings.Contains(c.r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Set("Vary", "Accept-Encoding")
		z := gzip.NewWriter(c.w)
		if _, err := z.Write(b); err != nil {
			return err
		}
		return z.Close()
	}
	_, err = c.w.Write(b)
	return err
}
