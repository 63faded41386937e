package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// maxNamedFile bounds the files that a configuration names. The largest is an
// htpasswd file.
const maxNamedFile = 16 << 20

// checkFiles reports every file that is named and cannot be used, by the file
// tag of its key.
func (l *loader) checkFiles(v reflect.Value, prefix string) {
	for _, f := range fieldsOf(v.Type(), false) {
		path, fv := join(prefix, f.key), v.Field(f.index)
		switch {
		case f.file != "" && fv.String() != "":
			l.checkFile(path, fv.String(), f.file)
		case isLeaf(f.typ):
		case f.typ.Kind() == reflect.Slice:
			for i := range fv.Len() {
				l.checkFiles(fv.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		default:
			l.checkFiles(fv, path)
		}
	}
}

func (l *loader) checkFile(path, name, kind string) {
	if kind == "path" {
		l.checkPath(path, name)
		return
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.complain(path, "%s does not exist, create it or correct the path", name)
		return
	case err != nil:
		l.complain(path, "%s cannot be read (%s), correct the path or its permissions", name, reason(err))
		return
	case !info.Mode().IsRegular():
		l.complain(path, "%s is not a file, correct the path", name)
		return
	case kind == "private" && info.Mode().Perm()&0o077 != 0:
		l.complain(path, "%s has mode %04o, so that others can use the secret in it: chmod 600 %s", name, info.Mode().Perm(), name)
		return
	}
	if data, ok := l.contents(path, name); ok && len(data) == 0 {
		l.complain(path, "%s is empty, correct the path or fill it", name)
	}
}

// checkPath checks a path that Gatebook itself makes: the data directory, or a
// file in a directory that exists.
func (l *loader) checkPath(path, name string) {
	info, err := os.Stat(name)
	switch {
	case path == "data" && err == nil && !info.IsDir():
		l.complain(path, "%s is not a directory, name one or a path that does not exist", name)
	case path == "data":
	case err == nil && !info.Mode().IsRegular():
		l.complain(path, "%s is not a file, name a file in a directory that exists", name)
	case err != nil:
		if dir, err := os.Stat(filepath.Dir(name)); err != nil || !dir.IsDir() {
			l.complain(path, "%s lies in a directory that does not exist, create the directory or correct the path", name)
		}
	}
}

// contents reads a named file. It reports what is wrong unless checkFile has
// done so already.
func (l *loader) contents(path, name string) ([]byte, bool) {
	data, err := readNamed(name)
	if err != nil {
		l.complain(path, "%s cannot be read (%s), correct the path or its permissions", name, reason(err))
		return nil, false
	}
	return data, true
}

// readNamed reads a regular file of bounded size. It does not wait for a pipe
// or a device.
func readNamed(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxNamedFile {
		return nil, fmt.Errorf("it is not a regular file of at most %s", Size(maxNamedFile))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxNamedFile))
}

// checkKeyPair checks that a certificate and its key are both there, and
// belong together.
func (l *loader) checkKeyPair(path, certificate, key string) {
	switch {
	case certificate == "" && key == "":
		return
	case key == "":
		l.complain(path+".key", "is missing, name the private key of the certificate")
		return
	case certificate == "":
		l.complain(path+".certificate", "is missing, name the certificate of the key")
		return
	}
	cert, ok := l.contents(path+".certificate", certificate)
	priv, ok2 := l.contents(path+".key", key)
	if !ok || !ok2 || len(cert) == 0 || len(priv) == 0 {
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM(cert) {
		l.complain(path+".certificate", "%s holds no PEM certificate, name a file with one", certificate)
		return
	}
	if _, err := tls.X509KeyPair(cert, priv); err != nil {
		l.complain(path+".key", "%s does not fit the certificate %s (%s), name the key of that certificate", key, certificate, err)
	}
}

// checkCA checks a file of authorities.
func (l *loader) checkCA(path, name string) {
	if name == "" {
		return
	}
	if data, ok := l.contents(path, name); ok && len(data) > 0 && !x509.NewCertPool().AppendCertsFromPEM(data) {
		l.complain(path, "%s holds no PEM certificate, name a file with the certificates of the authorities", name)
	}
}
