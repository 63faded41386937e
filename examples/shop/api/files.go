package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
)

// upload describes the multipart form for the OpenAPI document.
type upload struct {
	File string `json:"file" format:"binary"`
}

func (s *Server) listFiles(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := paged(r)
	if err != nil {
		return err
	}
	rows, next := s.store.Files(after, limit)
	return writePage(w, rows, next)
}

// uploadFile reads the form as it arrives, so that uploads may be of any size.
func (s *Server) uploadFile(w http.ResponseWriter, r *http.Request) error {
	form, err := r.MultipartReader()
	if err != nil {
		return problem{http.StatusUnsupportedMediaType, "send multipart/form-data with a field named file"}
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return badRequest("file: the form has no such field")
		}
		if err != nil {
			return badRequest("form: %v", err)
		}
		if part.FormName() != "file" {
			continue
		}
		mediaType, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			mediaType = "application/octet-stream"
		}
		f, err := s.store.AddFile(part.FileName(), mediaType, principal(r.Context()).Subject, part)
		if err != nil {
			return badRequest("%v", err)
		}
		w.Header().Set("Location", "/v1/files/"+f.ID)
		write(w, http.StatusCreated, f)
		return nil
	}
}

func (s *Server) getFile(w http.ResponseWriter, r *http.Request) error {
	f, err := s.store.File(r.PathValue("id"))
	return answer(w, http.StatusOK, f, err)
}

// downloadFile answers with the content, whole or in ranges. It is always an
// attachment: what people upload is not to run in a browser.
func (s *Server) downloadFile(w http.ResponseWriter, r *http.Request) error {
	f, err := s.store.File(r.PathValue("id"))
	if err != nil {
		return err
	}
	content, err := f.Content()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	if f.SHA256 != "" {
		h.Set("ETag", `"`+f.SHA256+`"`)
	}
	http.ServeContent(w, r, "", f.Uploaded, content)
	return nil
}

func (s *Server) deleteFile(w http.ResponseWriter, r *http.Request) error {
	if err := s.store.RemoveFile(r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
