package witness

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/ledger"
)

// ServerConfig says whom a witness serves. Zero values mean the stated defaults.
type ServerConfig struct {
	Dir  string   // of the witness's key and state; made if it is not there. Required
	Name string   // of the witness; needed once, when its key is made
	Logs []string // public keys of the ledgers, as C2SP signed-note writes them; the origin is the key's name
	Now  func() time.Time
	Log  *slog.Logger
}

// Server is a witness. Make one with [OpenServer]. It is safe for concurrent
// use.
type Server struct {
	dir     string
	private ed25519.PrivateKey
	key     *ledger.WitnessKey
	logs    map[string]*watched // by origin
	unlock  io.Closer
	now     func() time.Time
	log     *slog.Logger
	mux     *http.ServeMux
}

// watched is a ledger that is witnessed.
type watched struct {
	key  note.Verifier
	file string

	mu     sync.Mutex // guards what follows, and is held while it is made durable
	last   ledger.Checkpoint
	signed []byte // what file says; nil: nothing yet
}

// OpenServer opens a witness, or makes a new one with a key of its own.
func OpenServer(cfg ServerConfig) (*Server, error) {
	s := &Server{dir: cfg.Dir, logs: make(map[string]*watched), now: cfg.Now, log: cfg.Log}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, logsDir), 0o700); err != nil {
		return nil, fmt.Errorf("making the witness's directory: %w", err)
	}
	var err error
	if s.unlock, err = lockDir(cfg.Dir); err != nil {
		return nil, err
	}
	if s.private, s.key, err = openKey(cfg.Dir, cfg.Name); err == nil {
		err = s.openLogs(cfg.Logs)
	}
	if err != nil {
		return nil, errors.Join(err, s.unlock.Close())
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("POST /"+addPath, s.add)
	s.mux.HandleFunc("GET /{log}/checkpoint", s.view)
	s.mux.HandleFunc("GET /{$}", s.list)
	return s, nil
}

func (s *Server) openLogs(keys []string) error {
	for _, vkey := range keys {
		key, err := note.NewVerifier(vkey)
		if err != nil {
			return fmt.Errorf("%q is not the public key of a ledger, which is spelt name+hash+base64", vkey)
		}
		if s.logs[key.Name()] != nil {
			return fmt.Errorf("the ledger %s is named twice", key.Name())
		}
		w := &watched{key: key, file: filepath.Join(s.dir, logsDir, originName(key.Name()))}
		w.signed, err = os.ReadFile(w.file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			w.signed = nil
		case err != nil:
			return err
		default:
			// A state that cannot be read is no reason to begin anew.
			c, err := ledger.ParseCosigned(w.signed, key, []*ledger.WitnessKey{s.key})
			if err != nil || len(c.By) == 0 {
				return fmt.Errorf("%s: it is not what this witness cosigned of %s with the key %s: restore it; only if that ledger has a new key, and you know why, remove it", w.file, key.Name(), vkey)
			}
			w.last = c.Checkpoint
		}
		s.logs[key.Name()] = w
	}
	return nil
}

// Close lets go of the folder.
func (s *Server) Close() error { return s.unlock.Close() }

// Key returns the public key of the witness.
func (s *Server) Key() *ledger.WitnessKey { return s.key }

// ServeHTTP answers add-checkpoint of C2SP tlog-witness, and for everybody the
// list of the ledgers, and at /HASH/checkpoint what was last cosigned of one,
// where HASH is the SHA-256 of its origin in hex.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	s.mux.ServeHTTP(w, r)
}

// refusal is an answer that is not a cosignature.
type refusal struct {
	status int
	text   string
	size   uint64 // with 409
}

func (r *refusal) Error() string { return r.text }

func (s *Server) add(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the request could not be read, or is too large", http.StatusBadRequest)
		return
	}
	line, err := s.cosign(body)
	var no *refusal
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, line)
	case !errors.As(err, &no):
		s.log.Error("a checkpoint could not be kept, and was not cosigned", "error", err)
		http.Error(w, "the witness cannot keep its state now", http.StatusInternalServerError)
	case no.status == http.StatusConflict:
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(no.status)
		fmt.Fprintf(w, "%d\n", no.size)
	default:
		http.Error(w, no.text, no.status)
	}
}

// cosign judges a request, makes its checkpoint the newest, and returns the
// line of the cosignature.
func (s *Server) cosign(body []byte) (string, error) {
	r, err := parseRequest(body)
	if err != nil {
		return "", &refusal{status: http.StatusBadRequest, text: err.Error()}
	}
	origin, _, _ := bytes.Cut(r.note, []byte("\n"))
	log := s.logs[string(origin)]
	if log == nil {
		return "", &refusal{status: http.StatusNotFound, text: "this witness does not know the ledger"}
	}
	c, err := ledger.ParseCheckpoint(r.note, log.key)
	if err != nil {
		return "", &refusal{status: http.StatusForbidden, text: "the checkpoint: " + err.Error()}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if err := log.accepts(r, c); err != nil {
		var no *refusal
		if errors.As(err, &no) && (no.status == http.StatusUnprocessableEntity || no.status == http.StatusConflict && no.size == c.Size) {
			s.log.Warn("a ledger showed what does not continue what this witness has cosigned", "origin", c.Origin, "cosigned", log.last.Size, "size", c.Size)
		}
		return "", err
	}
	line := s.key.Cosign(c, s.private, s.now())
	signed, err := ownSignature(r.note, c, log.key)
	if err != nil {
		return "", &refusal{status: http.StatusForbidden, text: "the checkpoint: " + err.Error()}
	}
	signed = append(signed, line...)
	if err := replaceFile(log.file, signed, 0o600); err != nil {
		return "", err
	}
	log.last, log.signed = c, signed
	return line, nil
}

// accepts holds a request against what was cosigned before.
func (w *watched) accepts(r *request, c ledger.Checkpoint) error {
	switch {
	case r.old > c.Size:
		return &refusal{status: http.StatusBadRequest, text: "the old size is above that of the checkpoint"}
	case r.old != w.last.Size:
		return &refusal{status: http.StatusConflict, text: "another size was cosigned", size: w.last.Size}
	case r.old == 0 && len(r.proof) > 0:
		return &refusal{status: http.StatusUnprocessableEntity, text: "there is a proof, but the old size is 0"}
	case r.old == 0:
		return nil
	case r.old == c.Size && c.Root != w.last.Root:
		return &refusal{status: http.StatusConflict, text: "another root of that size was cosigned", size: w.last.Size}
	case r.old == c.Size && len(r.proof) > 0:
		return &refusal{status: http.StatusUnprocessableEntity, text: "there is a proof, but the sizes are the same"}
	}
	if err := ledger.CheckConsistency(r.proof, w.last, c); err != nil {
		return &refusal{status: http.StatusUnprocessableEntity, text: err.Error()}
	}
	return nil
}

// ownSignature returns the note with the signature of its ledger alone.
func ownSignature(signed []byte, c ledger.Checkpoint, key note.Verifier) ([]byte, error) {
	n, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(n.Sigs, func(sig note.Signature) bool { return sig.Name == key.Name() && sig.Hash == key.KeyHash() })
	if i < 0 {
		return nil, errors.New("it is not signed by its ledger")
	}
	return []byte(c.Text() + "\n— " + n.Sigs[i].Name + " " + n.Sigs[i].Base64 + "\n"), nil
}

// view shows what was last cosigned of a ledger.
func (s *Server) view(w http.ResponseWriter, r *http.Request) {
	for origin, log := range s.logs {
		if originName(origin) != r.PathValue("log") {
			continue
		}
		log.mu.Lock()
		signed := log.signed
		log.mu.Unlock()
		if signed == nil {
			break
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Write(signed)
		return
	}
	http.Error(w, "this witness has cosigned nothing of that ledger", http.StatusNotFound)
}

// list says in plain text what the witness watches.
func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	var b strings.Builder
	fmt.Fprintf(&b, "witness %s\n", s.key)
	for _, origin := range s.Origins() {
		log := s.logs[origin]
		log.mu.Lock()
		size, at := log.last.Size, ledger.ClaimedTime(log.signed)
		log.mu.Unlock()
		fmt.Fprintf(&b, "\nledger  %s\n", origin)
		if at.IsZero() {
			b.WriteString("nothing was cosigned yet\n")
			continue
		}
		fmt.Fprintf(&b, "records %d\ntime    %s\nnewest  /%s/checkpoint\n", size, at.Format(time.RFC3339), originName(origin))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, b.String())
}

// Origins returns the origins of the ledgers, sorted.
func (s *Server) Origins() []string {
	var list []string
	for origin := range s.logs {
		list = append(list, origin)
	}
	slices.Sort(list)
	return list
}
