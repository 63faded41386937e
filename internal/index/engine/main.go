package engine

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlinsert/insertutil"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/fs"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
	"github.com/gatebook/gatebook/internal/index/engine/quiet"
)

// The engine's packages are initialised now; see package quiet.
func init() { quiet.Restore() }

// Exit codes of the child.
const (
	exitStopped = 0 // standard input ended, everything is on the disk
	exitFailed  = 1 // could not start, or could not go on
	exitUsage   = 2 // unknown or impossible settings
	exitPanic   = 3 // the engine panicked while it served a request
)

type settings struct {
	dir    string        // the engine's storage directory
	listen string        // "unix:PATH" or "HOST:PORT"
	memory int64         // bytes the engine's caches and queries may use
	flush  time.Duration // how often acknowledged rows are made searchable
}

// Main is the child process. It returns the exit code for os.Exit.
// args are the settings, without the program and the verb:
//
//	-dir DIR -listen unix:PATH|HOST:PORT -memory BYTES -flush DURATION
func Main(args []string) int {
	set, err := parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "index engine:", err)
		return exitUsage
	}
	// A terminal or a service manager signals the whole group; when to stop is
	// the parent's decision, which it makes by closing our standard input.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	lowerPriority()

	in := bufio.NewReader(os.Stdin)
	token, err := in.ReadString('\n')
	if err != nil {
		fmt.Fprintln(os.Stderr, "index engine: standard input must begin with the line of the token:", err)
		return exitUsage
	}
	if err := run(set, strings.TrimSpace(token), in, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "index engine:", err)
		return exitFailed
	}
	return exitStopped
}

func parse(args []string) (settings, error) {
	var set settings
	f := flag.NewFlagSet("index engine", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&set.dir, "dir", "", "storage directory")
	f.StringVar(&set.listen, "listen", "", "unix:PATH or HOST:PORT")
	f.Int64Var(&set.memory, "memory", 1<<30, "bytes of memory to use")
	f.DurationVar(&set.flush, "flush", 250*time.Millisecond, "how often rows become searchable")
	if err := f.Parse(args); err != nil {
		return set, err
	}
	switch {
	case set.dir == "":
		return set, errors.New("-dir is empty: name the storage directory")
	case set.listen == "":
		return set, errors.New("-listen is empty: name unix:PATH or HOST:PORT")
	case set.memory < 64<<20:
		return set, fmt.Errorf("-memory %d is too little: give at least 64 MiB", set.memory)
	case set.flush <= 0:
		return set, fmt.Errorf("-flush %v must be positive", set.flush)
	}
	return set, nil
}

// run opens the storage and serves until in ends.
func run(set settings, token string, in io.Reader, out io.Writer) error {
	ln, addr, err := listen(set.listen)
	if err != nil {
		return err
	}
	if err := openStorage(set); err != nil {
		return err
	}
	base, cancel := context.WithCancel(context.Background())
	defer cancel()
	h := newHandler(token)
	srv := &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          logger.StdErrorLogger(),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	go h.flushEvery(base, set.flush)
	if _, err := fmt.Fprintln(out, addr); err != nil {
		return fmt.Errorf("telling the parent that we are ready: %w", err)
	}

	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, in)
		close(ended)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ended:
	}
	if !shutdown(srv, cancel) {
		return errors.New("requests did not end within 10 s of the stop: rows of the last seconds may be lost from the index")
	}
	h.flushes.Lock() // no flush may run while the storage closes
	vlstorage.Stop()
	fs.MustStopDirRemover()
	return nil
}

// shutdown lets requests end, first by themselves, then by cancelling them.
func shutdown(srv *http.Server, cancel func()) bool {
	for range 2 {
		ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
		err := srv.Shutdown(ctx)
		done()
		cancel()
		if err == nil {
			return true
		}
	}
	return false
}

// listen opens the socket. A unix socket belongs to the user alone (0600).
func listen(where string) (net.Listener, string, error) {
	path, isUnix := strings.CutPrefix(where, "unix:")
	if !isUnix {
		ln, err := net.Listen("tcp", where)
		if err != nil {
			return nil, "", fmt.Errorf("listening: %w", err)
		}
		return ln, ln.Addr().String(), nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("removing the socket of an earlier child: %w", err)
	}
	mask := syscall.Umask(0o177)
	ln, err := net.Listen("unix", path)
	syscall.Umask(mask)
	if err != nil {
		return nil, "", fmt.Errorf("listening: %w", err)
	}
	return ln, "unix:" + path, nil
}

// openStorage sets the engine's global flags and opens the storage. The engine
// ends the process by itself when its files are damaged.
func openStorage(set settings) error {
	err := flag.CommandLine.Parse([]string{
		"-storageDataPath=" + set.dir,
		"-retentionPeriod=100y",
		"-futureRetention=100y",
		"-inmemoryDataFlushInterval=1s", // to the disk; the engine allows no less
		"-memory.allowedBytes=" + strconv.FormatInt(set.memory, 10),
		"-insert.maxLineSizeBytes=1MiB",
		"-loggerLevel=ERROR", // warnings quote rows and queries
		"-loggerMaxArgLen=400",
	})
	if err != nil {
		return fmt.Errorf("setting the engine's flags: %w", err)
	}
	logger.InitNoLogFlags()
	vlstorage.Init()
	insertutil.SetLogRowsStorage(&vlstorage.Storage{})
	return nil
}
