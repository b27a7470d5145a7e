// What the platform reads on a picture.

package wechattest

import (
	"bytes"
	"image"
	_ "image/jpeg" // as telephones send them
	_ "image/png"
	"io"
	"net/http"
	"strings"
	"time"
)

// readsADay is how many pictures an account may have read for nothing.
const readsADay = 100

// codes of the refusals (WeChat manual, chapter 通用印刷体识别).
const (
	badAddress  = 101000 // no picture in the call
	badPicture  = 101002 // or one of over two megabytes
	noReadsLeft = 101003
)

// readPrint answers with what is printed on a picture, a line each. It reads
// pictures that people have sent, and finds nothing on any other.
func readPrint(p *Platform, r *http.Request, body []byte) (any, int) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	file, _, err := r.FormFile("img")
	if err != nil {
		return nil, badAddress
	}
	defer file.Close()
	picture, err := io.ReadAll(file)
	if err != nil || checkPicture(picture) != 0 {
		return nil, badPicture
	}
	var items []map[string]any
	code := 0
	p.change(func(s *state, now time.Time) {
		if code = s.countReading(now); code != 0 {
			return
		}
		for _, m := range s.Media {
			if bytes.Equal(m.content, picture) && m.Printed != "" {
				for i, line := range strings.Split(m.Printed, "\n") {
					items = append(items, map[string]any{"text": line, "pos": corners(i)})
				}
				return
			}
		}
	})
	return map[string]any{"errcode": 0, "errmsg": "ok", "items": items, "img_size": map[string]int{"w": 640, "h": 480}}, code
}

// countReading counts the readings of a day.
func (s *state) countReading(now time.Time) int {
	if day := now.Format(time.DateOnly); s.ReadDay != day {
		s.ReadDay, s.Reads = day, 0
	}
	if s.Reads++; s.Reads > readsADay {
		return noReadsLeft
	}
	return 0
}

// checkPicture wants bytes that a decoder takes for a picture.
func checkPicture(picture []byte) int {
	if _, _, err := image.DecodeConfig(bytes.NewReader(picture)); err != nil || len(picture) > maxImage {
		return badPicture
	}
	return 0
}

func corners(line int) map[string]any {
	at := func(x, y int) map[string]int { return map[string]int{"x": x, "y": y} }
	top, bottom := 40*line, 40*line+30
	return map[string]any{"left_top": at(20, top), "right_top": at(620, top), "right_bottom": at(620, bottom), "left_bottom": at(20, bottom)}
}
