"""Bad Chinese pages to try profiles on, of thirty kinds; no word or limit of a profile was chosen by looking at them.

Unlike those of bad_set.py in kinds, words and sentences; every page has a seed. Nothing of it is copied from anywhere.
Usage: bad_pages.py [PAGES] [SEED] [later] > bad.jsonl
"""

import base64
import json
import random
import sys
import urllib.parse

PROSE = """
祖母把晒干的豆角装进布袋，吊在灶屋的横梁上。|列车员推着小车走过来，问有没有人要热水。|这项研究跟踪了三百名志愿者，历时整整六年。|小镇的邮局只有一间屋子，柜台后面坐着一位戴眼镜的老人。|他在笔记里写道，冰川的边缘每年后退将近十米。
会议室里的空调坏了，大家只好把窗户全都打开。|渔民们天不亮就出海，傍晚才带着收获回来。|据气象部门预测，未来三天南方将有持续降雨。|她学了两年钢琴，却始终不敢在别人面前弹奏。|这座桥由当地的工匠合力建成，至今已有四百多年。
编辑部收到许多来信，读者对那篇小说的结局意见不一。|春耕开始以前，村里的人会一起疏通水渠。|老师让我们把观察到的现象记录下来，第二天在班上讨论。|博物馆的修复师用了八个月，才把碎裂的瓷瓶拼好。|夜里起了大风，院子里的枣树被吹断了一根枝条。
新的法规将从明年一月起施行，企业有半年的准备时间。|父亲年轻的时候在矿上工作，很少提起那段日子。|科学家发现，这种鸟会在迁徙途中改变鸣叫的方式。|我们沿着河岸走了很久，直到看见对面村庄的灯火。|这家书店从不打折，但总有人愿意走很远的路来买书。
""".replace("\n", "|")
PROSE = [s.strip() for s in PROSE.split("|") if s.strip()]
CITY = "苏州 福州 厦门 哈尔滨 大连 贵阳 南宁 兰州 太原 无锡 绍兴 烟台 洛阳 珠海 惠州 徐州 唐山 银川 泉州 保定".split()
WARE = "电动窗帘 激光切割机 儿童床垫 茶叶礼盒 羽绒服 空气炸锅 车载冰箱 蓝牙耳机 实木地板 瓷砖 铝合金门窗 洗地机 智能马桶 假发 护膝 普洱茶 冬虫夏草 老花镜 渔具 遮阳棚".split()
ILL = "腰椎间盘突出 痛风 脱发 近视 失眠 鼻炎 白癜风 牛皮癣 糖尿病 痔疮 前列腺炎 静脉曲张".split()
SURNAME = "周吴郑冯蒋沈韩杨朱秦许何吕施孔曹严华魏陶姜戚谢邹喻柏水窦章云苏潘葛"
GIVEN = "建国志强海燕丽华文博雨桐子涵思远晓明春梅国栋佳怡浩然玉兰俊杰秀英天宇凤霞宏伟静怡"
WORDS = "系统 发展 颜色 的 机器 快速 香蕉 通过 银行 跑步 漂亮 因为 数据 河流 被 选择 温柔 关于 窗户 吃饭 技术 在 昨天 音乐 并且 重量 可以 天空 结果 了 用户 打开 老虎 非常 价值 从 电影 这个 学习 使得 苹果 政府 轻轻 对于 速度 他们 石头 增加 空间 所以 微笑 汽车 进行 古老 已经".split()
GAPS = [" ", "\t", " - "]
LATIN = "the system of performance value customer best quality solution and with your enjoy product life free world design".split()
HEAD = "多地气温骤降 本周新书推荐 居民楼电梯改造启动 海水淡化项目投产 校园歌手大赛落幕 二手房成交回暖 冬季防火提示 老城区停车难何时解 高铁新站点公布 传统戏曲进社区 网约车新规解读 湿地公园开放 蔬菜价格小幅回落 中学生科技展 乡村图书室揭牌".split()


def num(r, n):
    return "".join(r.choice("0123456789") for _ in range(n))


def tel(r):
    return "1" + r.choice("35789") + num(r, 9)


def nick(r):
    return "".join(r.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(r.randint(6, 11)))


def name(r):
    return r.choice(SURNAME) + "".join(r.choice(GIVEN) for _ in range(r.randint(1, 2)))


def pick(r, items, low, high):
    return r.sample(items, min(len(items), r.randint(low, high)))


def prose(r, low, high):
    return "".join(pick(r, PROSE, low, high))


def shop(r):
    good = r.choice(WARE)
    rows = [f"{good}旗舰店 正品保障 七天无理由退换", f"到手价：￥{r.randint(19, 999)}.{num(r, 2)} 月销 {r.randint(100, 90000)}+ 收藏人气 {r.randint(10, 9999)}", f"下单即送赠品，前{r.randint(50, 500)}名半价，错过再等一年", "加入购物车 收藏宝贝 联系卖家 进店逛逛",
            f"颜色分类：雾霾蓝 奶茶色 曜石黑 尺码：S M L XL 2XL 数量：- 1 + 库存{r.randint(10, 999)}件", "宝贝详情 累计评价 专享服务 店铺推荐", "亲，拍下后48小时内发货，默认中通圆通，偏远地区补差价哦", f"满{r.randint(99, 399)}减{r.randint(10, 80)} 店铺券 平台券 可叠加使用 领券立享优惠",
            "好评返现五元，晒图再加三元，联系客服领取", f"掌柜热卖 {r.choice(WARE)} {r.choice(WARE)} {r.choice(WARE)}", "本店支持花呗分期，信用卡支付，货到验收", f"{good}新款{good}爆款{good}网红同款{good}清仓特价"]
    return r.choice(["\n", " ", "！"]).join(pick(r, rows, 6, 11))


def quack(r):
    ill = r.choice(ILL)
    rows = [f"{ill}别再乱治了！祖传秘方三个疗程彻底根除，无效退款", f"专治{ill}，老中医亲自坐诊，{r.randint(20, 60)}年临床经验", f"{r.choice(CITY)}治{ill}最好的医院是哪家？点击在线咨询专家", f"患者{name(r)}服用{r.randint(7, 30)}天后完全康复，再也没有复发", f"免费热线400-{num(r, 3)}-{num(r, 4)} 24小时有专人接听",
            "采用德国进口仪器，无痛无创，随治随走，不影响工作", f"今日预约可减免挂号费，仅限前{r.randint(5, 30)}名", "纯天然草本配方，无任何副作用，孕妇儿童均可使用", f"{ill}怎么治 {ill}吃什么药好得快 {ill}偏方 {ill}医院排名", f"添加主任微信{nick(r)}，一对一免费诊断病情"]
    return r.choice(["\n", "。", "！"]).join(pick(r, rows, 5, 9))


def scraped(r):
    key = r.choice(CITY) + r.choice(WARE)
    parts = []
    for _ in range(r.randint(6, 14)):
        parts.append(r.choice([f"{key}价格", f"很多人都在问{key}哪个牌子好", f"下面小编就为大家介绍{key}", f"{key}推荐", f"说到{key}", f"以上就是关于{key}的全部内容", f"想了解更多{key}资讯请关注本站", f"{key}十大品牌", f"{key}图片大全", f"{key}官方网站"]) + r.choice(["，", "。", ",", " "]))
        if r.random() < 0.3:
            parts.append(f"{key}{key}的优势在于{key}，")
    return "".join(parts)


def ocr(r):
    text = prose(r, 8, 18)
    noise = "口曰目囗丄亅乚冫卜厂匚凵丨丶丿乀ノ十〇Oo0|l1I!/\\-_~^`'\";,.:=+*#%&@"
    odd = r.uniform(0.3, 0.55)
    return "".join(r.choice(noise) if r.random() < odd * 0.6 else (chr(r.randint(0x4E00, 0x9FA0)) if r.random() < odd * 0.5 else c) + (" " if r.random() < 0.2 else "") for c in text)


def mojibake(r):
    text = prose(r, 6, 16)
    how = r.randrange(6)
    if how == 0:
        return text.encode().decode("cp1251", "replace")
    if how == 1:
        return text.encode().decode("shift_jis", "replace")
    if how == 2:
        return text.encode().decode("latin-1").encode().decode("latin-1")
    if how == 3:
        return text.encode("gbk").decode("cp1251", "replace")
    if how == 4:
        return text.encode("gbk").decode("euc_kr", "replace")
    return text.encode("big5", "ignore").decode("gb18030", "replace")


def links(r):
    rows = [f"{r.choice(['', '·', '>> ', '[荐] '])}{r.choice(CITY)}{r.choice(['信息港', '热线', '在线', '人才网', '房产网', '之窗', '论坛'])}{r.choice(GAPS)}{r.choice(['http://', 'https://www.', 'www.'])}{nick(r)}.{r.choice(['com', 'cn', 'net', 'com.cn'])}{r.choice(['', '/', '/index.php?id=' + num(r, 3)])}" for _ in range(r.randint(15, 60))]
    return "\n".join(rows)


def mush(r):
    out = []
    for _ in range(r.randint(60, 200)):
        out.append(r.choice(WORDS) if r.random() > 0.12 else r.choice([" " + r.choice(LATIN) + " ", "，", "。", "、"]))
    return "".join(out)


def footer(r):
    year = r.randint(2008, 2024)
    rows = ["本站所有资源均由网友上传分享，仅供交流，下载后请于24小时内删除", f"增值电信业务许可证：B2-{num(r, 8)}", f"网络文化经营许可证 沪网文〔{year}〕{num(r, 4)}-{num(r, 3)}号", "商务合作 媒体报道 加入我们 法律声明 儿童隐私保护", f"客户服务热线：{num(r, 4)}-{num(r, 8)}（周一至周日 9:00-21:00）",
            f"版权归 {r.choice(CITY)}{nick(r)} 网络科技有限公司所有 {year}-{year + 3}", "使用本网站即表示您同意《用户协议》和《隐私声明》", "我们使用 Cookie 来改善您的体验，继续浏览即视为同意。接受全部 仅必要 设置", "回到顶部 意见反馈 夜间模式 字号 大 中 小", "下载APP 扫一扫 更多精彩", "本文由用户投稿，如需转载请联系原作者获得授权",
            "您当前的位置：主页 » 资讯 » 详情", "收藏 点赞 评论 分享 举报", f"阅读数 {r.randint(1, 99999)} 评论 {r.randint(0, 99)} 点赞 {r.randint(0, 999)}", "没有更多内容了", "上一页 1 2 3 4 5 下一页 尾页 共 86 页"]
    return r.choice(["\n", " ", " | "]).join(pick(r, rows, 7, 14))


def dodge(r, text):
    return "".join(c + (r.choice("·.*_ ~") if r.random() < 0.35 else "") for c in text)


def wager(r):
    rows = ["电子游艺爆分技巧，一夜翻身不是梦", f"老虎机爆奖{r.randint(10, 99)}万，秒出款", "全网赔率最高的平台，支持USDT充值", f"新会员首充{r.randint(100, 999)}送{r.randint(58, 288)}，流水一倍即可提现", f"官方唯一入口 {nick(r)}.vip 谨防假冒", "世界杯竞猜 滚球大小球 串关秘籍", "棋牌代理招募，日结佣金，无限级返利",
            "斗地主 炸金花 牛牛 德州扑克 真钱对战", f"彩票计划软件免费下载，准确率{r.randint(90, 99)}%", "波胆推荐 亚盘分析 内部资料", f"客服飞机号 @{nick(r)} 全天在线", "注册就送，包你稳赢，输了算我的", "双色球预测 胆码 杀红球 排列三走势"]
    text = r.choice(["\n", "，", " ", "。"]).join(pick(r, rows, 5, 10))
    return dodge(r, text) if r.random() < 0.25 else text


def erotic(r):
    rows = ["高清大片在线播放 无需会员 永久免费", "深夜男人都懂的网站 请收藏地址发布页", f"附近的人 {r.randint(18, 26)}岁 寂寞 可约 {r.randint(300, 999)}一次", "丝袜美腿 写真合集 福利图 大尺度 未打码", "你懂的 老司机 上车 番号 种子", "主播私密视频流出 完整版 点此观看", f"成年人聊天室 {nick(r)} 语音 视频 一对一 不露脸",
            "学生妹兼职 空姐 白领 外围 高端会所 全国可飞", "情趣用品 延时喷剂 增大增粗 壮阳", "羞羞漫画 韩漫 全集 无遮挡", "国语对白 偷情 换妻 经典三级", "极品御姐 制服诱惑 福利姬 打包下载"]
    text = r.choice(["\n", " ", "，", "！"]).join(pick(r, rows, 5, 10))
    return dodge(r, text) if r.random() < 0.25 else text


def code(r):
    how = r.randrange(4)
    if how == 0:
        return ";".join(f"function {nick(r)}({nick(r)[:2]},{nick(r)[:2]}){{return {nick(r)[:3]}?{num(r, 2)}:'{r.choice(CITY)}'}}" for _ in range(r.randint(10, 40)))
    if how == 1:
        return "\n".join(f"INSERT INTO `{nick(r)}` VALUES ({num(r, 4)}, '{name(r)}', '{tel(r)}', '{r.choice(CITY)}', NULL, {num(r, 2)});" for _ in range(r.randint(10, 50)))
    if how == 2:
        return "\n".join(f"\tat com.{nick(r)}.{nick(r)}.{nick(r)}({nick(r).title()}.java:{num(r, 3)})" for _ in range(r.randint(12, 40)))
    return "\n".join(f".{nick(r)}{{margin:{num(r, 1)}px;background:url(/img/{nick(r)}.png) no-repeat;color:#{num(r, 3)}}} /* {r.choice(HEAD)} */" for _ in range(r.randint(10, 40)))


def numbers(r):
    how = r.randrange(4)
    if how == 0:
        return "\n".join(f"{r.randint(600000, 603999)}\t{r.choice(CITY)}{r.choice(['股份', '银行', '高科', '实业'])}\t{r.uniform(2, 99):.2f}\t{r.uniform(-9, 9):.2f}%\t{r.randint(1000, 99999)}\t{r.uniform(1, 30):.2f}" for _ in range(r.randint(15, 60)))
    if how == 1:
        return "\n".join(f"第{r.randint(2018000, 2024150)}期 开奖号码 {' '.join(f'{r.randint(1, 33):02}' for _ in range(6))} + {r.randint(1, 16):02}" for _ in range(r.randint(15, 60)))
    if how == 2:
        return "\n".join(f"{r.randint(2010, 2024)}-{r.randint(1, 12):02}-{r.randint(1, 28):02} {r.randint(0, 23):02}:{r.randint(0, 59):02} INFO [{nick(r)}] 请求 {num(r, 6)} 耗时 {r.randint(1, 999)}ms" for _ in range(r.randint(15, 50)))
    return " ".join(f"{r.uniform(0, 1000):.{r.randint(0, 4)}f}" for _ in range(r.randint(80, 300)))


def repeats(r):
    base = prose(r, 1, 2)
    return r.choice(["\n", ""]).join(base.replace("，", r.choice(["，", ",", "， "])) for _ in range(r.randint(10, 40)))


def titles(r):
    key, city = r.choice(WARE), r.choice(CITY)
    cells = [f"{city}{key}", f"{key}厂", f"{key}安装", f"{city}{key}定做", f"{key}加盟", f"{key}怎么选", f"{key}测评", f"{key}什么牌子好", f"二手{key}", f"{key}维修电话", f"{city}卖{key}的地方", f"{key}多少钱一台"]
    return r.choice(["_", "-", "|", "/", "、", " "]).join(r.choice(cells) for _ in range(r.randint(30, 100)))


def doorway(r):
    key = r.choice(WARE)
    made = [f"{c}{key}公司专业提供{c}{key}服务，欢迎{c}的朋友前来选购{key}，{c}{key}电话{tel(r)}。" for c in pick(r, CITY, 8, 20)]
    return r.choice(["", "\n"]).join(made)


def forum(r):
    rows = []
    for floor in range(r.randint(12, 40)):
        rows.append(f"{nick(r)} 发表于 {r.randint(2006, 2020)}-{r.randint(1, 12)}-{r.randint(1, 28)} {r.randint(0, 23)}:{r.randint(10, 59)} 只看该作者 {floor + 1}楼")
        rows.append(r.choice(["帖子 12 积分 30 注册时间 2009-3-1 最后登录", "等级：新手上路 金币 0 威望 1", "mark一下", "学习了", "谢谢分享", "回复 楼主", "本帖最后由 " + nick(r) + " 编辑", "顶起来", "引用 报告 评分"]))
    return "\n".join(rows)


def faults(r):
    rows = [f"Warning: mysql_connect(): Access denied for user 'root'@'localhost' in /www/{nick(r)}.php on line {num(r, 3)}", "数据库连接失败，请检查配置文件", "Fatal error: Maximum execution time of 30 seconds exceeded", "Notice: Undefined index: " + nick(r), "HTTP状态 500 - 内部服务器错误 类型 异常报告", "您的请求过于频繁，请稍后重试", f"错误代码：0x{num(r, 8)}", "该页无法显示 找不到服务器或 DNS 错误", "页面正在跳转……如果没有自动跳转请点这里", "对不起，您没有权限访问该内容", "Object moved to here.", "网站维护中，预计明日恢复"]
    return "\n".join(pick(r, rows, 6, 11))


def faces(r):
    base = r.choice([["(╯°□°)╯", "┻━┻", "(๑•̀ㅂ•́)و✧", "Σ( ° △ °|||)", "o(*￣▽￣*)ブ"], ["🎉", "🔥", "💰", "👉", "✅", "🚀", "❗"], ["→_→", "←_←", "⊙﹏⊙", "╮(╯▽╰)╭", "^_^"]])
    return "".join(r.choice(base) + r.choice(["", "", "冲", "抢", "快来", "哈", "啊啊", "~~~", "!!!"]) for _ in range(r.randint(60, 200)))


def contacts(r):
    return "\n".join(f"{r.choice(CITY)}{r.choice(['总代', '办事处', '门店', '仓库'])} {name(r)} {tel(r)} QQ{num(r, 9)} {r.choice(WARE)}{r.choice(['批发', '零售', '转让', '求购'])}" for _ in range(r.randint(12, 40)))


def escapes(r):
    text = prose(r, 4, 10)
    how = r.randrange(4)
    if how == 0:
        return urllib.parse.quote(text)
    if how == 1:
        return "".join(f"\\u{ord(c):04x}" for c in text)
    if how == 2:
        return "data:" + base64.b64encode(text.encode()).decode()
    return " ".join(f"{b:02X}" for b in text.encode("gbk"))


def martian(r):
    swap = str.maketrans("的我你她他是不了们在有好爱人这个来去想过没", "哋ωǒ祢彵湜卟ㄋ們洅洧ぬ嬡亾這個徠厾想過莈")
    text = prose(r, 5, 12)
    return "".join(r.choice("ヅ丶oOζ℡灬§ミメ≈") + c if r.random() < 0.3 else c.translate(swap) for c in text)


def roster(r):
    return r.choice(["\n", " ", "、", "\t"]).join(r.choice(["", str(i + 1) + ". ", "2021" + num(r, 4) + " "]) + name(r) for i in range(r.randint(60, 200)))


def folders(r):
    return "\n".join(f"{r.choice(['drwxr-xr-x', '-rw-r--r--', '[DIR]', '[视频]'])} {num(r, 6)} {r.choice(HEAD)}_{num(r, 3)}.{r.choice(['mp4', 'rar', 'pdf', 'docx', 'zip'])}" for _ in range(r.randint(15, 50)))


def blanks(r):
    fields = "申请人 申请日期 所属院系 联系方式 身份证件类型 开户行 审批意见 经办人 盖章 附件清单 项目名称 项目编号 预算金额 负责人签字 备注 家庭成员 政治面貌 健康状况 毕业院校".split()
    return r.choice(["\n", "  "]).join(f + r.choice(["：", ":____________", "（　　　）", "：□是 □否", "　　　　年　　月　　日"]) for f in pick(r, fields, 10, 19))


def snippets(r):
    key = r.choice(WARE)
    rows = [f"{key}_{r.choice(HEAD)} - {r.choice(CITY)}网 {r.randint(2015, 2023)}年{r.randint(1, 12)}月{r.randint(1, 28)}日 - {r.choice(PROSE)[:r.randint(6, 14)]}...{key}... 百度快照 - {r.randint(10, 99)}条评价" for _ in range(r.randint(8, 25))]
    return "\n".join(rows)


def messages(r):
    rows = [f"【{r.choice(['极速贷', '好运来', '惠民商城', '优品汇'])}】尊敬的用户，您已获得{r.randint(3, 30)}万额度，点击 t.cn/{nick(r)[:6]} 领取，回T退订", f"恭喜您被抽中为幸运用户，奖品{r.choice(WARE)}一台，请速与客服联系 {tel(r)}", f"您的验证码是{num(r, 6)}，切勿告知他人", f"家长您好，这是孩子的成绩单 {nick(r)}.cc/{num(r, 4)}", f"低息放款，凭身份证即可，当天到账，详询{tel(r)}", f"积分即将清零，{num(r, 5)}分可兑换话费，登录 {nick(r)}.xyz"]
    return "\n".join(r.choice(rows) for _ in range(r.randint(6, 16)))


def captions(r):
    return "\n".join(r.choice([f"图{i + 1}", f"（图{i + 1}）", f"点击查看大图 {i + 1}/{60}", "图片来源：网络", "[图片]", "视频加载中...", "点击播放 00:" + num(r, 2), f"IMG_{num(r, 4)}.JPG"]) for i in range(r.randint(20, 70)))


def days(r):
    return r.choice([" ", "\n"]).join(f"{r.randint(1990, 2024)}年{r.randint(1, 12)}月{r.randint(1, 28)}日{r.choice(['', ' 星期一', ' 农历初三', ' 宜嫁娶', ' 忌动土', '(3)'])}" for _ in range(r.randint(30, 100)))


def unigrams(r):
    pool = "".join(PROSE)
    return "".join(r.choice(pool) for _ in range(r.randint(150, 700)))


def backwards(r):
    return r.choice(["", "\n"]).join(s[::-1] for s in pick(r, PROSE, 8, 18))


def hidden(r):
    rows = [f"加我徽芯{nick(r)}带你赚米", "日结兼只，手机就能做，一单一结", f"扣扣裙{num(r, 9)}进来领资料", "招打字员，在家办公，多劳多得，押金可退", f"低价出售各类文凭，学信网可查，联系{nick(r)}", "信用咔提额，网黑可做，下款再收费", "高价回收礼品卡、数字币，秒结算", f"出租账号 实名 批量 {tel(r)}"]
    return dodge(r, r.choice(["，", "\n", "！"]).join(pick(r, rows, 4, 8)))


def cars(r):
    brand = r.choice("远航 星途者 云驰 飞度王 北极狐".split())
    return r.choice(["\n", " "]).join(f"{brand}{r.choice('ABCX')}{r.randint(1, 9)} {r.randint(2015, 2024)}款 {r.choice(['1.5T', '2.0L', '纯电'])} {r.choice(['手动', '自动'])}{r.choice(['舒适型', '豪华型', '旗舰版'])} 指导价 {r.uniform(6, 40):.2f}万 询底价 综合优惠 {r.uniform(0, 4):.1f}万" for _ in range(r.randint(12, 40)))


def flats(r):
    return r.choice(["\n", "；"]).join(f"{r.choice(CITY)}{r.choice(['金域', '翡翠', '滨江', '学府'])}{r.choice(['湾', '名都', '一号'])} {r.randint(1, 5)}室{r.randint(1, 2)}厅 {r.randint(45, 160)}平 南北通透 满五唯一 {r.randint(60, 900)}万 随时看房" for _ in range(r.randint(12, 40)))


def chapters(r):
    return r.choice(["\n", " ", " | "]).join(f"第{i + 1}章 {r.choice('剑 雪 夜 局 酒 城 梦 火'.split())}{r.choice('起 尽 归 深 破 变 逢 来'.split())}{r.choice(['', '（上）', '（求月票）', ' VIP'])}" for i in range(r.randint(50, 160)))


def subtitles(r):
    return "\n\n".join(f"{i + 1}\n00:{r.randint(0, 59):02}:{r.randint(0, 59):02},{num(r, 3)} --> 00:{r.randint(0, 59):02}:{r.randint(0, 59):02},{num(r, 3)}\n{r.choice(['嗯', '快走', '怎么了', '不', '你说什么', '字幕翻译 校对 时间轴', '等等我'])}" for i in range(r.randint(20, 60)))


def keys(r):
    return r.choice(["\n", " "]).join(f"{i * 5 + 1}-{i * 5 + 5} {''.join(r.choice('ABCD') for _ in range(5))}{r.choice(['', ' 【答案】', ' 略', ' 见解析'])}" for i in range(r.randint(20, 60)))


def vertical(r):
    return "\n".join(prose(r, 6, 14))


def phish(r):
    rows = [f"您的账户存在异常登录，请立即核验，否则将于{r.randint(2, 48)}小时后冻结", f"请输入卡号 请输入密码 短信校验码 获取", f"官方客服在线时间 8:00-22:00 {tel(r)}", f"您有一笔退款 {r.randint(50, 999)}.00 待领取，点我办理", "为保障资金安全，请勿将口令透露给他人", f"验证入口 {nick(r)}-{nick(r)}.top/login", "ETC已失效 请重新签办", f"医保卡停用通知 回拨{tel(r)}", "确认 取消 下一步 同意并继续"]
    return r.choice(["\n", " "]).join(r.choice(rows) for _ in range(r.randint(8, 18)))


def cheers(r):
    rows = "好人一生平安 前排围观 板凳 占楼 火钳刘明 不明觉厉 厉害了我的哥 蹲一个 码住 已三连 求分享 求带走 私信你了 已收藏 大佬666 打call 期待更新 催更".split()
    return r.choice(["\n", " ", "，", "~", "！"]).join(r.choice(rows) for _ in range(r.randint(40, 140)))


def dump(r):
    return json.dumps([{"id": num(r, 6), "name": name(r), "city": r.choice(CITY), "goods": r.choice(WARE), "price": r.randint(1, 999), "url": f"/p/{nick(r)}", "tags": pick(r, HEAD, 1, 3)} for _ in range(r.randint(6, 25))], ensure_ascii=False)


def combining(r):
    marks = [chr(c) for c in range(0x300, 0x330)]
    return "".join(c + "".join(r.choice(marks) for _ in range(r.randint(0, 3))) for c in prose(r, 3, 8))


def glossary(r):
    return "\n".join(f"{r.choice(LATIN)} {r.choice(['n.', 'v.', 'adj.'])} {r.choice(WORDS)}；{r.choice(WORDS)}" for _ in range(r.randint(25, 90)))


def dealer(r):
    rows = ["代購 團購 免運 現貨 24H出貨", f"加LINE：{nick(r)} 領折價券", f"{r.choice(['減肥茶', '面膜', '潮鞋', '名牌包'])}下殺{r.randint(1, 9)}折 限量{r.randint(10, 99)}組", "貨到付款 七天鑑賞期 不滿意包退", "優惠倒數 手刀下單", "賣家好評破萬 回購率第一", f"原價{r.randint(900, 5000)}元 特價{r.randint(99, 800)}元", "批發零售 歡迎同業配合"]
    return r.choice(["\n", "！", " "]).join(r.choice(rows) for _ in range(r.randint(8, 20)))


def drowned(r):
    return "".join(r.choice(HEAD) + r.choice(["        ", "\n\n\n\n", "\u3000\u3000\u3000\u3000", "\t\t\t"]) for _ in range(r.randint(25, 80)))


def cut(r):
    return "\n".join(r.choice(PROSE)[: r.randint(5, 11)] + r.choice(["...", "…", "…[详细]", "...更多>>"]) for _ in range(r.randint(20, 60)))


# Written, and run for the first time, when the limits of the profiles had been mended with the kinds below.
LATER = [cars, flats, chapters, subtitles, keys, vertical, phish, cheers, dump, combining, glossary, dealer, drowned, cut]
MAKES = [shop, quack, scraped, ocr, mojibake, links, mush, footer, wager, erotic, code, numbers, repeats, titles, doorway, forum, faults, faces, contacts, escapes, martian, roster, folders, blanks, snippets, messages, captions, days,
         unigrams, backwards, hidden]


def pages(count, seed=416, makes=MAKES):
    for number in range(count):
        r = random.Random(seed * 1000003 + number)
        make = makes[number % len(makes)]
        yield {"id": f"{make.__name__}:{number}", "kind": make.__name__, "text": make(r)}


if __name__ == "__main__":
    kinds = LATER if "later" in sys.argv else MAKES
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()] + [620, 416][len([a for a in sys.argv[1:] if a.isdigit()]) :]
    for page in pages(*numbers, kinds):
        print(json.dumps(page, ensure_ascii=False))
