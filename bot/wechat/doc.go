// Package wechat calls the official account platform: customer messages,
// pictures, the menu, codes with a scene, and who opened a page.
//
// It is a thin client of our own. The SDK's has no typed errors, takes no
// context, does not fetch a new token when the platform refuses one, and shows
// the AppSecret in error texts; it serves as an independent peer in the tests.
//
// The client promises that no secret, token or OpenID appears in an error, that
// no answer is read beyond a megabyte, and that a call which the platform
// refused because of its token is made once more with a new one. It repeats
// nothing else: a message has no key by which the platform would know it again,
// so that only the caller can say whether a second one does harm.
package wechat
