package alipaytest

// The little that a browser is shown.

import (
	"html/template"
	"net/http"
)

type page struct {
	Title   string
	Lines   []string
	Choices []choice // buttons; each posts user=ID
}

type choice struct{ ID, Label string }

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title></head><body><h1>{{.Title}}</h1>{{range .Lines}}<p>{{.}}</p>{{end}}{{with .Choices}}<form method="post">
{{range .}}<p><button name="user" value="{{.ID}}">{{.Label}}</button></p>
{{end}}</form>{{end}}</body></html>
`))

func showPage(w http.ResponseWriter, p page) {
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	if err := pageTemplate.Execute(w, p); err != nil {
		panic(http.ErrAbortHandler) // the browser has gone
	}
}
