package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // a photograph is looked into before it is kept
	_ "image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Files that applicants send in with a page. They are kept before the page is
// judged, so that a field that is refused costs nobody their photographs, and
// reach no conversation: that knows only how many there are.

const (
	pagePath    = "/h5/s/"
	filesAtOnce = 4
	largestFile = 8 << 20
	allFiles    = 20 << 20

	filesAMinute = 10         // forms with files, of one talk
	largestShape = 60_000_000 // pixels of a photograph
)

// allowed lets whoever has a link of ours send files with it, and a supervisor a
// statement. It is asked before the body is read; everybody else keeps to the
// usual limit.
func (s *Server) allowed(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	token, page := strings.CutPrefix(string(h.RequestURI()), pagePath)
	if !page || !h.IsPost() || len(h.MultipartFormBoundary()) == 0 {
		return s.console.allowed(h)
	}
	k, err := s.links.read(linkPlace, token)
	if err != nil || !s.uploads.Allow(string(k.talk), s.now()) {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: allFiles + formAround, ReadTimeout: uploadWithin}
}

// posted reads a form, and the files that came with it.
func posted(c *fiber.Ctx) (sent url.Values, files map[string][]*multipart.FileHeader, err error) {
	if len(c.Request().Header.MultipartFormBoundary()) == 0 {
		sent, err = url.ParseQuery(string(c.Body()))
		return sent, nil, err
	}
	form, err := c.MultipartForm()
	if err != nil {
		return nil, nil, err
	}
	return form.Value, form.File, nil
}

// fileField is the question of a page that files answer.
func fileField(page *flows.Page) (flows.Key, bool) {
	if page != nil {
		for _, f := range page.Fields {
			if f.Input == flows.InputFile {
				return f.Key, true
			}
		}
	}
	return "", false
}

// keepFiles keeps what came with a page, and answers the question for files with
// how many wait for a review now. A refusal is in words.
func (s *Server) keepFiles(ctx context.Context, talk desk.Talk, sent url.Values, files map[string][]*multipart.FileHeader) (refusal map[flows.Key]string, err error) {
	step, _ := s.desk.Flow().Step(talk.Case.At)
	key, asked := fileField(step.Page)
	if !asked || sent.Get("_choice") != "" {
		return nil, nil
	}
	for i, file := range files[string(key)] {
		if i == filesAtOnce {
			return map[flows.Key]string{key: fmt.Sprintf("一次最多%d份，请分几次上传。前%d份已收到。", filesAtOnce, filesAtOnce)}, nil
		}
		why, err := s.keepFile(ctx, talk.ID, file)
		if err != nil {
			return nil, err
		}
		if why != "" {
			return map[flows.Key]string{key: fmt.Sprintf("第%d份%s", i+1, why)}, nil
		}
	}
	n, err := s.book.NewPapers(ctx, talk.ID)
	sent.Set(string(key), strconv.Itoa(n))
	return nil, err
}

// keepFile keeps one file, or says what is wrong with it.
func (s *Server) keepFile(ctx context.Context, talk desk.TalkID, header *multipart.FileHeader) (why string, err error) {
	if header.Size > largestFile {
		return "超过 8 MB，请压缩后再上传。", nil
	}
	file, err := header.Open()
	if err != nil {
		return "", fmt.Errorf("server: file: %w", err)
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, largestFile))
	if err != nil {
		return "", fmt.Errorf("server: file: %w", err)
	}
	kind, ok := paperKind(body)
	if !ok {
		return "打不开。请上传 JPG、PNG 照片或 PDF 文件。", nil
	}
	err = s.book.KeepPaper(ctx, talk, kind, body, s.now())
	if errors.Is(err, desk.ErrBusy) {
		return "没有收下：已经有 12 份了。需要更换的，请回复“人工”。", nil
	}
	return "", err
}

// paperKind tells by its bytes what a file is; what it is called proves nothing.
func paperKind(body []byte) (kind string, ok bool) {
	switch kind = http.DetectContentType(body); kind {
	case "application/pdf":
		return kind, bytes.HasPrefix(body, []byte("%PDF-")) && bytes.Contains(body[max(0, len(body)-1024):], []byte("%%EOF"))
	case "image/jpeg", "image/png":
		shape, _, err := image.DecodeConfig(bytes.NewReader(body))
		return kind, err == nil && shape.Width > 0 && shape.Height > 0 && shape.Width <= largestShape/shape.Height
	}
	return "", false
}
