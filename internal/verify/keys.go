package verify

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/internal/vault/locate"
	"github.com/gatebook/gatebook/ledger"
)

// keys returns the data keys of the ledger in dir: those that the options name,
// or those beside it in a data directory. It returns nil if there are none.
func (o *Options) keys(dir string) (ledger.Keys, error) {
	e := locate.Encryption{KeyFile: o.KeyFile, KeysDir: o.KeysDir}
	if e.KeyFile == "" || e.KeysDir == "" {
		found, err := locate.Read(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && e == locate.Encryption{}:
			return nil, nil
		case errors.Is(err, fs.ErrNotExist):
			return nil, errors.New("--encryption-key and --data-keys go together: this is no data directory with keys beside the ledger")
		case err != nil:
			return nil, err
		}
		if e.KeyFile == "" {
			e.KeyFile = found.KeyFile
		}
		if e.KeysDir == "" {
			e.KeysDir = found.KeysDir
		}
	}
	key, err := locate.ReadKey(e.KeyFile)
	if errors.Is(err, fs.ErrNotExist) && o.KeyFile == "" {
		return nil, nil // a copy without it: the envelopes are noted as not checked
	}
	if err != nil {
		return nil, err
	}
	return vault.Reader(os.DirFS(e.KeysDir), key), nil
}
