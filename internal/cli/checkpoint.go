package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/verify"
	"github.com/gatebook/gatebook/ledger"
)

func (p *Program) checkpointCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "checkpoint",
		Short: "Keep, show and compare signed states of a ledger",
		Long: `Keep, show and compare signed states of a ledger.

A checkpoint is three lines and a signature: whose ledger, how many records,
and one hash over all of them. Whoever keeps one can show later that a record
was changed or removed. It holds no event and is no secret.`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(p.checkpointShowCmd(), p.checkpointSaveCmd(), p.checkpointCompareCmd())
	return c
}

func (p *Program) checkpointShowCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use:   "show",
		Short: "Print the newest checkpoint, cosigned if witnesses were asked",
		Args:  cobra.NoArgs,
	}
	t.flags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		from, err := p.openShown(c.Context(), &t)
		if err != nil {
			return err
		}
		signed, err := from.checkpoint()
		if err != nil {
			return err
		}
		_, err = p.Stdout.Write(signed)
		return err
	}
	return c
}

func (p *Program) checkpointSaveCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use:   "save [FILE]",
		Short: "Save the newest checkpoint, to be kept elsewhere",
		Long: `Save the newest checkpoint, to be kept elsewhere: on paper, in a mail, in
another system. Without a FILE the name is made of the ledger's and the number
of records.`,
		Example: "  gatebook checkpoint save\n  gatebook checkpoint save --server https://gatebook.example.com /safe/today",
		Args:    cobra.MaximumNArgs(1),
	}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		from, err := p.openShown(c.Context(), &t)
		if err != nil {
			return err
		}
		signed, err := from.checkpoint()
		if err != nil {
			return err
		}
		s, err := readState("the server's checkpoint", signed, nil)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s-%d.checkpoint", strings.ReplaceAll(filepath.ToSlash(s.Origin), "/", "-"), s.Size)
		if len(args) == 1 {
			name = args[0]
		}
		if err := p.writeFile(name, signed); err != nil {
			return err
		}
		if name != "-" {
			fmt.Fprintf(p.Stderr, "%s: %d records of %s\n", name, s.Size, clean(s.Origin))
		}
		return nil
	}
	return c
}

func (p *Program) checkpointCompareCmd() *cobra.Command {
	var t target
	var vkey string
	var offline bool
	c := &cobra.Command{
		Use:   "compare FILE...",
		Short: "Compare checkpoints with each other and with the ledger now",
		Long: `Compare checkpoints with each other and with the ledger now: each must be a
beginning of what the ledger has. The ledger's own tree says so, hash by hash;
the server is not believed. Two checkpoints of the same size and another root
are two histories: keep both, they are the proof.

A FILE can be a URL, such as that of what a witness saw last.

Exit codes: 0 all fit, 1 something does not, 2 it could not be said.`,
		Example: "  gatebook checkpoint compare mine yours\n  gatebook checkpoint compare --offline mine yours\n  gatebook checkpoint compare http://witness.example.com/HASH/checkpoint",
		Args:    cobra.MinimumNArgs(1),
	}
	t.flags(c)
	f := c.Flags()
	f.StringVar(&vkey, "key", "", "the public `key` of the ledger (default: signatures are not checked)")
	f.BoolVar(&offline, "offline", false, "compare the files with each other only")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		var key note.Verifier
		if vkey != "" {
			if key, err = note.NewVerifier(vkey); err != nil {
				return fmt.Errorf("--key: %q is not the public key of a ledger", vkey)
			}
		} else {
			fmt.Fprintln(p.Stderr, "the signatures are not checked: give the ledger's public key with --key")
		}
		var states []state
		for _, name := range args {
			b, err := readAnywhere(c.Context(), name)
			if err != nil {
				return err
			}
			s, err := readState(name, b, key)
			if err != nil {
				return err
			}
			states = append(states, s)
		}
		if offline {
			if len(states) < 2 {
				return usage(c, errors.New("--offline: there is nothing to compare one checkpoint with"))
			}
			return p.compareStates(states, nil)
		}
		from, err := p.openShown(c.Context(), &t)
		if err != nil {
			return err
		}
		signed, err := from.checkpoint()
		if err != nil {
			return err
		}
		now, err := readState("the ledger", signed, key)
		if err != nil {
			return err
		}
		reader := tlog.TileHashReader(tlog.Tree{N: int64(now.Size), Hash: now.Root}, tilesOf{from})
		return p.compareStates(append([]state{now}, states...), func(size uint64) (ledger.Hash, error) {
			if size == now.Size {
				return now.Root, nil
			}
			return tlog.TreeHash(int64(size), reader)
		})
	}
	return c
}

// state is a checkpoint and where it is from.
type state struct {
	name string
	ledger.Checkpoint
}

// readState reads a checkpoint. Without a key its signature is not checked.
func readState(name string, signed []byte, key note.Verifier) (state, error) {
	if key != nil {
		c, err := ledger.ParseCheckpoint(signed, key)
		if err != nil {
			return state{}, &ledger.EvidenceError{File: name, Reason: err.Error()}
		}
		return state{name, c}, nil
	}
	text, _, ok := strings.Cut(string(signed), "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) != 3 {
		return state{}, fmt.Errorf("%s is not a checkpoint", name)
	}
	c := ledger.Checkpoint{Origin: lines[0]}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if _, serr := fmt.Sscan(lines[1], &c.Size); err != nil || serr != nil || len(root) != len(c.Root) {
		return state{}, fmt.Errorf("%s is not a checkpoint", name)
	}
	copy(c.Root[:], root)
	if c.Text() != text+"\n" {
		return state{}, fmt.Errorf("%s is not a checkpoint", name)
	}
	return state{name, c}, nil
}

// compareStates compares each state with the others and, if rootAt is not nil,
// with the tree of the first, which is the ledger now.
func (p *Program) compareStates(states []state, rootAt func(size uint64) (ledger.Hash, error)) error {
	apart, unknown := 0, 0
	say := func(format string, args ...any) { fmt.Fprintf(p.Stdout, format+"\n", args...) }
	first := states[0]
	for i, s := range states {
		if s.Origin != first.Origin {
			apart++
			say("OTHER       %s is of the ledger %s, %s of %s", s.name, clean(s.Origin), first.name, clean(first.Origin))
			continue
		}
		for _, o := range states[:i] {
			switch {
			case o.Origin != s.Origin:
			case o.Size == s.Size && o.Root != s.Root:
				apart++
				say("FORKED      %s and %s are both for %d records, with different roots: two histories were shown. Keep both", o.name, s.name, s.Size)
			case o.Size == s.Size:
				say("same        %s and %s: %d records, root %s", o.name, s.name, s.Size, s.Root)
			case rootAt == nil:
				unknown++
				say("unknown     %s is for %d records, %s for %d: only the ledger can tell whether one continues the other", o.name, o.Size, s.name, s.Size)
			}
		}
		if rootAt == nil || i == 0 || s.Size == first.Size {
			continue
		}
		if s.Size > first.Size {
			apart++
			say("REMOVED     %s is for %d records, the ledger has %d: the newest were removed, or it shows an old state", s.name, s.Size, first.Size)
			continue
		}
		root, err := rootAt(s.Size)
		if err != nil {
			return fmt.Errorf("reading the tree of the ledger: %w", err)
		}
		if root != s.Root {
			apart++
			say("REWRITTEN   %s: the first %d records of the ledger are not the ones that it was signed for: it was rewritten, or this is another history. Keep it", s.name, s.Size)
			continue
		}
		say("continued   %s: its %d records begin the %d of the ledger", s.name, s.Size, first.Size)
	}
	switch {
	case apart > 0:
		p.code = ExitEvidence
	case unknown > 0:
		p.code = ExitError
	}
	return nil
}

// shown is what a ledger shows to outsiders: checkpoint and tiles.
type shown interface {
	checkpoint() ([]byte, error)
	tile(t tlog.Tile) ([]byte, error)
}

// openShown finds what the ledger shows: at the server that was named, which
// may do so without a token, or in the ledger's files. Nothing is recorded.
func (p *Program) openShown(ctx context.Context, t *target) (shown, error) {
	if t.server == "" {
		root, err := verify.LedgerDir(t.data)
		if err != nil {
			return nil, err
		}
		files := os.DirFS(root)
		l, err := ledger.Open(files)
		if err != nil {
			return nil, err
		}
		return inFiles{reading.New(reading.Config{Ledger: l, Files: files})}, nil
	}
	if t.tokenFile != "" || p.Getenv("GATEBOOK_TOKEN") != "" {
		c, err := p.connect(ctx, t)
		return atServer{ctx, c}, err
	}
	u, err := url.Parse(t.server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--server %q is not a URL like http://127.0.0.1:8401", t.server)
	}
	return atServer{ctx, newClient(u, "", t.reason, http.DefaultTransport, nil)}, nil
}

// inFiles is a ledger's files.
type inFiles struct{ room *reading.Room }

func (f inFiles) checkpoint() ([]byte, error) {
	_, signed, err := f.room.Shown()
	return signed, err
}

func (f inFiles) tile(t tlog.Tile) ([]byte, error) {
	return f.room.Tile(context.Background(), reading.Reader{}, t)
}

// atServer is a server's operations listener.
type atServer struct {
	ctx  context.Context
	from *client
}

func (s atServer) checkpoint() ([]byte, error) { return s.text("/checkpoint") }

func (s atServer) tile(t tlog.Tile) ([]byte, error) {
	return s.text("/" + strings.Replace(t.Path(), "tile/8/", "tile/", 1))
}

// maxText bounds what is read of checkpoints and tiles.
const maxText = 1 << 20

// text reads an answer that is not JSON.
func (s atServer) text(path string) ([]byte, error) {
	res, err := s.from.do(s.ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, maxText))
}

// tilesOf is a [tlog.TileReader]. What the tiles hold is checked against the
// checkpoint by package tlog.
type tilesOf struct{ from shown }

// Height implements [tlog.TileReader].
func (tilesOf) Height() int { return 8 }

// SaveTiles implements [tlog.TileReader].
func (tilesOf) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles implements [tlog.TileReader].
func (t tilesOf) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if data[i], err = t.from.tile(tile); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// readAnywhere reads a file or a URL.
func readAnywhere(ctx context.Context, name string) ([]byte, error) {
	if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
		return os.ReadFile(name)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", name, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, maxText))
}
