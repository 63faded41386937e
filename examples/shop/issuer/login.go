package issuer

import (
	"html/template"
	"net/http"
)

// loginPage is the whole user interface: a name and a password.
var loginPage = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Log in</title>
<h1>Log in to {{.Title}}</h1>
{{with .Problem}}<p role="alert">{{.}}</p>{{end}}
<form method="post">
<p><label>User <input name="username" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Log in</button></p>
</form></html>
`))

// login shows the form (GET) and checks what was typed (POST). The id in the
// query names the login that the library began.
func (s *storage) login(callback func(*http.Request, string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("id")
		title, err := s.loginTitle(id)
		if err != nil {
			http.Error(w, "this login has ended: start again in the application", http.StatusBadRequest)
			return
		}
		view := struct{ Title, Problem string }{Title: title}
		status := http.StatusOK
		if r.Method == http.MethodPost {
			if s.authenticate(id, r.PostFormValue("username"), r.PostFormValue("password")) {
				http.Redirect(w, r, callback(r, id), http.StatusSeeOther)
				return
			}
			view.Problem, status = "User or password is wrong.", http.StatusUnauthorized
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		w.WriteHeader(status)
		_ = loginPage.Execute(w, view) // the client has gone: nobody to tell
	}
}
