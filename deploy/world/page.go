// The page at /: the city on one screen. It is plain HTML, one style sheet and
// a few small scripts, all of it served from here.

package world

import (
	"embed"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"net/url"
)

//go:embed page
var files embed.FS

var cityPage = template.Must(template.ParseFS(files, "page/city.html"))

// mountPage serves the page and its parts. The page is shown at one name only,
// the one that the service's pages may be framed by, and whose cookies are the
// same site's as theirs.
func (w *World) mountPage(mux *http.ServeMux) {
	parts, err := fs.Sub(files, "page")
	if err != nil {
		panic("world: page is not embedded: " + err.Error())
	}
	mux.Handle("GET /world/page/", http.StripPrefix("/world/page/", fresh(http.FileServerFS(parts))))
	mux.HandleFunc("GET /{$}", func(out http.ResponseWriter, r *http.Request) {
		if !sameHost(r.Host, w.cfg.Listen) {
			http.Redirect(out, r, w.address()+"/", http.StatusFound)
			return
		}
		h := out.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
			"img-src 'self' data:; frame-src 'self' "+origin(w.cfg.Service)+"; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if err := cityPage.Execute(out, map[string]string{"Service": w.cfg.Service}); err != nil {
			panic(http.ErrAbortHandler) // the browser has gone
		}
	})
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "'none'"
	}
	return u.Scheme + "://" + u.Host
}

// sameHost compares names without ports: behind a test server the port differs.
func sameHost(a, b string) bool {
	hostA, _, errA := net.SplitHostPort(a)
	hostB, _, errB := net.SplitHostPort(b)
	return errA == nil && errB == nil && hostA == hostB
}

// fresh keeps a browser from showing yesterday's page.
func fresh(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Cache-Control", "no-cache")
		out.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(out, r)
	})
}
