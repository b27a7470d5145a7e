package flows

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The words of the FAQ: customers and the manual say the same thing
// differently, and that, not grammar, is why a search misses (M121).

// sayings has a line for each meaning: what is meant, a colon, and what is said
// for it. What is meant by the first line is nothing.
const sayings = `
: 请问 你好 您好 麻烦 问一下 问问 一下 我想 我要 我们 我 咱们 你们 您 你 这个 那个 这 那 怎么办 怎么弄 怎么做 怎么样 怎么 怎样 如何 咋 什么 啥 多少 能不能 可不可以 可以 能 吗 呢 啊 呀 吧 嘛 么 的 了 是 行不行 用不用 要不要 一直 老是 总是 老 会不会 会 想 要 还 就 呗 哈 请 到底 现在 是不是 有没有 有 说 时候 大概 一次 给 上面 里面 操作 一共 需要 需 一个 哪个 几次 好几次 好几 昨天 今天 直接 过程中 过程 总共 把 也 和 让 都 再 来 去 用 从 发我 弄好 弄 自己的 我该 里面 里
个人: 个人 本人 自己
费用: 多少钱 收费 价格 价钱 费用 价位 报价 花多少 花费 收多少 要交
ukey: ukey usbkey key u盾 优盾 u盘 密钥盘 证书盘 钥匙盘
密码: 密码 口令 pin码 pin
初始: 初始 默认 出厂 原始
登录: 登录 登陆
忘记: 忘记 忘了 记不得 不记得 想不起来
锁定: 锁定 锁住 锁了 锁死 被锁 解锁
发票: 发票 开票
哪种: 哪种 哪一种 什么类型 什么样 类型
专票: 增值税专用发票 专用发票 专票
普票: 增值税普通发票 普通发票 普票
抬头: 抬头 开票名称
税号: 纳税人识别号 纳税识别号 税号
人脸: 人脸识别 人脸 刷脸 扫脸 脸部识别
失败: 都失败 一直失败 不成功 不通过 没通过 没有通过 失败 不过 过不了 过不去 通不过 
二维码: 二维码 这个码 码
扫码: 扫码 扫描 扫一扫 扫
打开: 打开 打不开
验证码: 短信验证码 验证码 动态码
短信: 短信
收到: 收到 到了 拿到
收不到: 收不到 没收到 没有收到 还没收到 未收到 没来 不来 没有发 没发 没有来 没有收到短信
没反应: 没反应 没有反应 没动静 没有动静
插上: 插上 插入 插了 插
重新: 重新 重发 再发
实名: 实名认证 实名 认证 验证
账户: 账户 账号 帐号
法人: 法定代表人 法人代表 法人 老板 负责人
代办: 代办 替公司办 帮公司申请 替公司 帮公司 代替 代理
汇款: 汇款 打款 汇了 汇 转账 打钱 汇钱 转钱 汇出去 汇出 汇的款 汇到 打到 付一分钱 打
扣款: 扣款 扣钱 扣费 要钱
转: 转
一分钱: 一分钱 0.01元 0.01 1分钱 壹分 一毛钱
个人账户: 个人账户 个人卡 私人账户 私人银行卡 私人卡 自己的卡 个人银行卡 私账 私户 个人转账 私人
对公账户: 对公账户 对公户 对公账号 公户 基本户 公账
以后: 改天 过几天 改日 下次
不要: 不要了 不想要了 不需要了 不想要 买错了
退: 退回来 退回 退还 退给 退款 退钱 退货 退
何时: 什么时候 啥时候 何时 几天 多久 多长时间 多少天 几时 多会儿
何处: 在哪里 在哪儿 在哪 哪里 哪儿 去哪 从哪 何处 哪
快递: 快递 物流 包裹 邮件
运费: 快递费 运费 邮费 邮寄费 包邮
寄出: 发货 寄出来 寄出 发出来 发出 寄过来
邮寄: 邮寄 寄送 寄给 寄
单号: 快递单号 顺丰单号 运单号 单号 快递号
包含: 包含 包括 含不含 含
自提: 自提 自取 自己去取 自己取 上门拿 公司拿
地址: 收货地址 收件地址 地址
更名: 更名 改名 改名字 换名字
查看: 查看 哪里看 在哪儿看 哪儿看 在哪里看 在哪看 怎么查 哪里查 在哪查 怎么看 查询
修改: 修改 改成 更改 改一下 改掉 改 换成 换一个 换 变更
金额: 金额 一块钱 几块钱 多少元
营业执照: 营业执照 执照
银行: 银行卡 银行
个体户: 个体工商户 个体户
写错: 填错 写错 输错 弄错
付款: 付款 支付 付钱 交钱 付了钱 付
微信: 微信 wechat
对公: 对公
工具: 证书管理工具 管理工具 证书工具 软件 工具 驱动程序 驱动 客户端
下载: 下载 安装包 哪下
下一步: 下一步 接下来 然后
支付宝: 支付宝 阿里支付
网址: 网址 网站 地址链接 链接
电脑: 电脑 pc 笔记本
苹果: 苹果 mac
激活: 激活
制证: 制证 做证书 制作证书
中断: 中断 断网 断电 死机 断了 一半 卡住 卡死 
寄到: 寄到 送到 到哪
丢失: 丢了 遗失 丢失 弄丢 不见了 不见 掉了 丢 被偷
坏: 坏了 损坏 坏
补办: 补办 补 挂失
授权码: 授权码
电话: 电话 热线 号码
客服: 客服 人工
手机号: 手机号码 手机号
材料: 材料 资料 文件 证件
流程: 流程 步骤
有效期: 有效期 管几年 几年 能用多久 用多久 用多长时间
注册: 注册过 注册了 注册
没到账: 没到账 未到账 没有到账 没收到钱
到期: 到期 过期 快到期
续期: 续期 续费 续 更新 年审
数据: 数据 信息
泄露: 泄露 泄漏 安全 保密
保存: 保存 存起来 留存
信用代码: 统一社会信用代码 社会信用代码 统一信用代码 信用代码
企业: 企业 公司 单位 机构
为何: 为什么 为啥 干嘛 凭什么
办理: 办理 办 申请 开通
怎样办理: 怎么办证 如何办证 怎么办理 怎样办理 怎么申请 如何办理 如何申请
证书: 数字证书 ca证书 证书 ca
优惠: 优惠 便宜 打折 折扣
骗子: 骗子 诈骗 骗人 假的
取消: 取消 不办了 不想办了
名称: 名称 名字 全称
境外: 境外 国外 外国 海外
港澳台: 港澳台 台湾 香港 澳门
护照: 护照 外籍
`

// spoken says alike what is said differently: the longest saying first.
// meanings are the words that it says, which are terms as they are.
var spoken, meanings = readSayings(sayings)

func readSayings(table string) (*strings.Replacer, map[string]bool) {
	type saying struct{ said, meant string }
	var all []saying
	whole := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		meant, said, _ := strings.Cut(line, ":")
		whole[meant] = true
		for word := range strings.FieldsSeq(said) {
			all = append(all, saying{word, " " + meant + " "})
		}
	}
	slices.SortStableFunc(all, func(a, b saying) int { return cmp.Compare(len(b.said), len(a.said)) })
	var pairs []string
	for _, s := range all {
		pairs = append(pairs, s.said, s.meant)
	}
	return strings.NewReplacer(pairs...), whole
}

// fold says alike what customers say differently, and leaves out what says
// nothing: the misses of a search by terms are words, not grammar.
func fold(text string) string {
	return spoken.Replace(strings.ToLower(halfWidth(text)))
}

// split makes words of a folded text: what is meant, Latin words and numbers
// whole, other Chinese by overlapping pairs.
func split(text string) []string {
	var words []string
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' }) {
		if meanings[run] {
			words = append(words, run)
			continue
		}
		for _, same := range scripts.FindAllString(run, -1) {
			words = append(words, bigrams(same)...)
		}
	}
	return words
}

var scripts = regexp.MustCompile(`\p{Han}+|\P{Han}+`)

// bigrams cuts Chinese into overlapping pairs; anything else, and a single
// character, stays whole.
func bigrams(run string) []string {
	han := []rune(run)
	if len(han) == 1 || !isHan(han[0]) {
		return []string{run}
	}
	var words []string
	for i := range han[1:] {
		words = append(words, string(han[i:i+2]))
	}
	return words
}
