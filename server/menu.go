package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"certdesk/bot/wechat"
	"certdesk/flows"
)

// The menu of the official account: words that are understood anywhere, for
// those who would rather tap (M3).

// accountMenu names each button in the applicant's words; what it sends is a word of the flow.
func accountMenu() []wechat.Button {
	word := func(name, key string) wechat.Button { return wechat.Button{Name: name, Type: "click", Key: key} }
	return []wechat.Button{
		word("办理证书", flows.WordGoOn),
		word("办理进度", flows.WordWhere),
		{Name: "联系我们", Sub: []wechat.Button{
			word("平台介绍", flows.WordAbout), word("帮助", flows.WordHelp), word("人工客服", flows.WordHuman),
		}},
	}
}

const menuAgain = 10 * time.Second

// postMenu sets the menu once at each start. The platform may not answer just
// then: it tries again until it does.
func (s *Server) postMenu(ctx context.Context) {
	again := time.NewTicker(menuAgain)
	defer again.Stop()
	for {
		err := s.voice.client.Menu(ctx, accountMenu())
		if err == nil || ctx.Err() != nil {
			return
		}
		s.log.Warn("the menu was not set", slog.Any("error", err))
		if refused := new(wechat.Error); errors.As(err, &refused) && !errors.Is(err, wechat.ErrBusy) {
			return // the account may have no menu: asking again changes nothing
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
