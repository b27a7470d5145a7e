package alipay

// How somebody outside comes into the mini-program.

import "net/url"

// Start is the address that opens the mini-program with a query, which it finds
// among its options. It may be scanned with Alipay, or opened on a telephone: then
// it leads to Alipay. No call is made.
//
// Source: Alipay mini-program manual, chapter 小程序 Scheme 链接; the query is
// escaped once by itself, and the whole once more behind ds.alipay.com.
func (c *Client) Start(query url.Values) string {
	app := "alipays://platformapi/startapp?appId=" + c.cfg.MiniAppID + "&query=" + url.QueryEscape(query.Encode())
	return "https://ds.alipay.com/?scheme=" + url.QueryEscape(app)
}
