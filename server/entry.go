package server

import (
	"context"
	"errors"
	"net/url"
	"time"

	"certdesk/flows"
)

// The codes by which somebody comes in with a scene: a project, or a case.

// ErrProject is returned for the name of a project that means something else.
var ErrProject = errors.New("server: no project's number may begin like a case's code")

// EntryCode makes a code that opens the official account for a project (M1): the
// address that it says, and its picture. It is good for a time of at most thirty
// days, or for ever when that is zero.
func (s *Server) EntryCode(ctx context.Context, project string, good time.Duration) (address string, picture []byte, err error) {
	if flows.IsJoinScene(project) {
		return "", nil, ErrProject
	}
	if address, _, err = s.voice.client.Scene(ctx, project, good); err != nil {
		return "", nil, err
	}
	picture, err = qrPNG(address)
	return address, picture, err
}

// wechatDoor is the [desk.Door] of the official account. The platform counts in
// whole seconds.
func (s *Server) wechatDoor(ctx context.Context, scene string, life time.Duration) (address, picture flows.Secret, err error) {
	code, ticket, err := s.voice.client.Scene(ctx, scene, life)
	if err != nil {
		return flows.Secret{}, flows.Secret{}, err
	}
	return flows.Conceal(code), flows.Conceal(s.voice.client.ScenePicture(ticket)), nil
}

// alipayDoor is the [desk.Door] of the mini-program, which asks nobody. What ends
// is the code in the scene.
func (s *Server) alipayDoor(_ context.Context, scene string, _ time.Duration) (address, picture flows.Secret, err error) {
	return flows.Conceal(s.alipay.Start(url.Values{"scene": {scene}})), flows.Secret{}, nil
}
