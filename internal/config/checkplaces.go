package config

import (
	"errors"
	"io/fs"

	"github.com/gatebook/gatebook/internal/detect/places"
)

// checkPlaces reports a file of places by which none is known. It is larger than
// other files that are named.
func (l *loader) checkPlaces() {
	name := l.cfg.Detect.Places
	if name == "" {
		return
	}
	var path *fs.PathError
	switch _, err := places.Open(name); {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		l.complain("detect.places", "%s does not exist, create it or correct the path", name)
	case errors.As(err, &path):
		l.complain("detect.places", "%s cannot be read (%s), correct the path or its permissions", name, reason(err))
	default:
		l.complain("detect.places", "%s cannot be used: %s", name, err)
	}
}
