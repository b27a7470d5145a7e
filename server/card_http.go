package server

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/pages"
)

// The card that an applicant passes on to whoever keeps their company's
// account. Nobody signs in: the address is the key, and opens no more than that
// colleague has to know. What it shows is what the case stands at; when that is
// not the colleague's any more, there is nothing.

// showCard shows what is to be paid, or what came and how often it may be told.
func (s *Server) showCard(c *fiber.Ctx) error {
	talk, card, err := s.cardOf(c)
	if card == nil {
		return err
	}
	return s.drawCard(c, talk, card, nil, nil)
}

// theirs are the reports that a colleague is told of: what they did was not
// enough.
var theirs = []flows.Kind{flows.KindTransferWrong, flows.KindAmountWrong, flows.KindPayoutNotYet}

// tellAmount takes what the colleague fills in. It is the applicant's page: it
// counts as if they had sent it.
func (s *Server) tellAmount(c *fiber.Ctx) error {
	sent, err := url.ParseQuery(string(c.Body()))
	if err != nil || len(sent) > 10 {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	talk, card, err := s.cardOf(c)
	if card == nil {
		return err
	}
	if card.Page == nil {
		return s.drawCard(c, talk, card, nil, nil)
	}
	values := flows.Form{}
	for _, field := range card.Page.Fields {
		values[field.Key] = flows.Conceal(clip(strings.Clone(sent.Get(string(field.Key))), 500))
	}
	answer, err := s.desk.HandleTalk(c.UserContext(), talk.ID, flows.Event{
		ID: "card/" + clip(strings.Clone(sent.Get("_nonce")), 32), At: s.now(), Via: flows.Web,
		What: flows.Filled{Page: card.Page.ID, Values: values},
	})
	if err != nil {
		return err
	}
	if len(answer.Refusals) > 0 {
		return s.drawCard(c, talk, card, sent, answer.Refusals)
	}
	return c.Redirect("/f/"+strings.Clone(c.Params("token")), fiber.StatusSeeOther)
}

// cardOf finds the case of a card. When there is nothing to show it has
// answered, and there is no card.
func (s *Server) cardOf(c *fiber.Ctx) (desk.Talk, *flows.Card, error) {
	k, err := s.links.read(cardPlace, c.Params("token"))
	if errors.Is(err, desk.ErrExpired) {
		return desk.Talk{}, nil, s.noCard(c, "这个页面已过期，请让经办人在聊天里重新转发。")
	}
	if err != nil {
		return desk.Talk{}, nil, s.noCard(c, "链接不完整，请让经办人重新转发。")
	}
	talk, _, err := s.desk.Look(c.UserContext(), k.talk)
	if err != nil {
		return desk.Talk{}, nil, err
	}
	card, ok := s.desk.Flow().Card(talk.Case)
	switch {
	case ok:
		return talk, &card, nil
	case talk.Case.Form.Has(flows.KeyCompanyProved):
		return desk.Talk{}, nil, s.endCard(c, pages.View{Title: "单位认证已通过", Text: []string{"没有要财务办的事了，可以关闭本页。"}})
	}
	return desk.Talk{}, nil, s.endCard(c, pages.View{Title: "现在没有要财务办的事", Text: []string{"可能经办人改了方式。有疑问请问经办人。"}})
}

func (s *Server) drawCard(c *fiber.Ctx, talk desk.Talk, card *flows.Card, typed url.Values, problems map[flows.Key]string) error {
	v := pages.View{
		Title: card.Title, Brand: brand, Text: strings.Split(card.Text, "\n"), Phone: s.desk.Flow().Phone,
		Action: s.cfg.PublicURL + "/f/" + strings.Clone(c.Params("token")), Nonce: rand.Text(), InWeChat: inWeChat(c),
	}
	if card.Page != nil {
		if typed == nil {
			typed = url.Values{} // what somebody filled in before is not theirs to see
		}
		v.Form = form(card.Page, talk.Case.Form, typed, problems)
	}
	v.Waiting = card.Page == nil
	if len(problems) == 0 {
		report, news, err := s.news(c.UserContext(), talk.ID)
		if err != nil {
			return err
		}
		if slices.Contains(theirs, report) {
			v.News = news
		}
	}
	return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}

func (s *Server) noCard(c *fiber.Ctx, why string) error {
	return s.endCard(c, pages.View{Title: "给财务的页面", Why: why})
}

func (s *Server) endCard(c *fiber.Ctx, v pages.View) error {
	v.Brand, v.Phone = brand, s.desk.Flow().Phone
	return s.page(c, fiber.StatusNotFound, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}
