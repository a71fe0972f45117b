"""A set of bad Chinese pages, made up: spam, gibberish, keyword stuffing, boilerplate, mojibake, link pages, templates.

Every page has a seed and a make of its own; nothing of it is copied from anywhere. Usage: bad_set.py [PAGES] > bad.jsonl
"""

import base64
import json
import random
import sys

SENTENCES = """
清晨的雾还没有散，码头上已经站满了等船的人。|老木匠把刨花扫到墙角，又拿起那块没有完工的椅背。|这条河每年春天都会涨水，两岸的柳树半截泡在水里。
实验表明，温度升高以后反应速度明显加快，但产物的纯度有所下降。|他在信里说，山里的冬天比想象中长，柴火要从秋天就开始准备。|图书馆的二楼是报刊阅览室，靠窗的座位总是最先坐满。
考古队在遗址东侧发现了三座灰坑，出土的陶片多为夹砂红陶。|市政府昨天宣布，新的公交线路将于下月初开通，途经三所学校和一家医院。|她把面团揉好，盖上湿布，放在灶台边等它慢慢发起来。
火车过了隧道，窗外忽然亮起来，一大片油菜花开得正好。|根据这份报告，去年全省的粮食产量略有增长，其中玉米增幅最大。|孩子们蹲在院子里看蚂蚁搬家，谁也没有注意到天已经黑了。
程序启动时会先读取配置文件，如果找不到，就使用默认的参数。|这位诗人晚年住在江边的小镇，很少与旧友来往，却写下了他最好的作品。|医生建议他少吃盐，多走路，每隔三个月复查一次血压。
球队在下半场换上两名年轻队员，节奏明显加快，终场前扳平了比分。|古城的城墙修建于明代，后来经过几次修补，大部分保存完好。|这种植物喜欢阴凉潮湿的环境，夏天要避免阳光直射。
我们讨论了很久，最后还是决定把会议推迟到下个星期。|他年轻时做过邮差，熟悉方圆几十里的每一条小路。|数学家用一个简单的反例推翻了这个存在了三十年的猜想。
雨下了整整一夜，第二天早上，巷子里的积水没过了脚踝。|展览分为四个部分，最引人注目的是那幅未完成的山水长卷。|由于原材料价格上涨，许多工厂不得不提高产品的出厂价格。
""".replace("\n", "|")
SENTENCES = [s.strip() for s in SENTENCES.split("|") if s.strip()]
COMMON = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感"
CITIES = "北京 上海 广州 深圳 成都 武汉 南京 西安 杭州 郑州 长沙 青岛 合肥 济南 昆明 沈阳 石家庄 温州 东莞 佛山".split()
GOODS = "净水器 叉车 不锈钢管 冷库 彩钢板 塑料托盘 破碎机 防盗门 监控设备 广告牌 办公家具 打包机 电缆 地磅 锅炉 钢结构 印刷机 真空泵 轴承 橡胶密封圈 红木家具 婚纱摄影 会计培训 月嫂 开锁 搬家 装修 注册公司 商标注册 空压机".split()
BRANDS = "鑫源 恒达 天诚 瑞丰 金鼎 华宇 永兴 百盛 博远 顺发 宏图 德邦盛 嘉禾 万通达 佳美".split()
TITLES = "春季养生的五个误区 本地新增两条公交线 如何挑选一台合适的电脑 明天夜间有小雨 新学期开学第一课 老旧小区改造完工 周末去哪里玩 某地发现古代墓葬 手机新品发布会回顾 股市午盘小幅上扬 高速公路临时管制 秋季招聘会下周举行 三道家常菜的做法 足球联赛最新积分 专家谈亲子教育 油价今晚调整 电影票房周榜 大学生创业故事 健康饮食小常识 城市马拉松报名".split()
MENU = "首页 新闻 国内 国际 社会 军事 财经 股票 基金 房产 汽车 体育 娱乐 科技 教育 健康 旅游 视频 图片 博客 论坛 微博 地图 招聘 彩票 游戏 读书 时尚 女性 育儿 美食 星座 天气 公益 专题 更多".split()


def phone(r):
    return "1" + r.choice("3578") + "".join(r.choice("0123456789") for _ in range(9))


def handle(r):
    return r.choice("abcdefghkmxyz") + "".join(r.choice("0123456789abcxyz") for _ in range(r.randint(5, 9)))


def some(r, items, low, high):
    return r.sample(items, min(len(items), r.randint(low, high)))


def advertisement(r):
    city, brand, good = r.choice(CITIES), r.choice(BRANDS), r.choice(GOODS)
    parts = [
        f"{city}{brand}{good}厂家直销，{r.choice(['质优价廉', '价格优惠', '品质保证', '量大从优'])}，欢迎来电咨询！",
        f"咨询热线：{phone(r)}（微信同号）",
        f"加微信 {handle(r)} 免费领取{good}报价表，名额有限，先到先得！！！",
        f"本公司专业生产{good}，全国招商，诚招代理，{r.choice(['货到付款', '假一赔十', '上门安装', '现货供应'])}。",
        f"限时优惠！{good}原价{r.randint(300, 900)}元，现在只要{r.randint(9, 99)}元，全场包邮，手慢无！",
        f"【{brand}】{city}{good}哪家好？{city}{good}多少钱？认准{brand}{good}，{r.randint(10, 30)}年老品牌。",
        f"联系人：{r.choice('张王李赵刘陈')}经理 手机号：{phone(r)} QQ：{r.randint(10**7, 10**9)}",
        f"扫码添加客服微信，立即购买，立减{r.randint(5, 50)}元，满减优惠券数量有限，欲购从速。",
        "新老客户欢迎选购，送货上门，售后无忧，一对一服务。",
        f"★★★{good}批发价格★★★{good}厂家★★★{good}图片★★★",
    ]
    return r.choice(["\n", "", " "]).join(some(r, parts, 4, 8))


def loan(r):
    parts = ["无抵押贷款，当天放款，秒到账", "信用卡套现、信用卡代还、征信修复", f"急速放款加微信：{handle(r)}", "黑户贷款也能办，无需经验，门槛低",
             f"在家赚钱，日赚{r.randint(200, 900)}元，兼职日结", "刷单返现，轻松月入过万，名额仅剩三个", "代开发票，代办证件，刻章办证，保密",
             f"联系QQ {r.randint(10**7, 10**9)}，24小时服务", "零风险高回报投资理财平台，稳赚不赔", f"扫码进群领红包，邀请码{r.randint(1000, 9999)}", "代写论文，代发论文，包过，不过退款"]
    return r.choice(["。", "！", "\n", "！！\n"]).join(some(r, parts, 5, 9))


def betting(r):
    name = r.choice(["天龙", "金沙", "皇冠", "新葡京", "永利", "太阳城", "九州", "乐鱼", "凯发", "大赢家"])
    parts = [f"{name}娱乐城官网，注册送彩金{r.randint(18, 888)}元", f"{name}真人娱乐、百家乐、龙虎斗、老虎机、捕鱼应有尽有", "北京赛车PK10开奖直播，时时彩计划群，导师带玩稳赢",
             f"六合彩特码一肖中特，{r.randint(100, 160)}期三肖必中，白小姐心水论坛", f"最新网址 www.{handle(r)}.com 备用网址 www.{handle(r)}.net", "体育投注、足球外围盘口、赔率最高、返水最快",
             "首存优惠，存款优惠，秒提款，信誉第一", f"{name}棋牌游戏APP下载，安卓下载，苹果下载，上分下分找客服", f"添加客服微信 {handle(r)} 领取彩金", "幸运飞艇走势图，快三倍投技巧，杀号公式"]
    return r.choice(["，", "。\n", "\n", " | ", "！"]).join(some(r, parts, 4, 9))


def adult(r):
    parts = ["成人视频免费在线观看", "国产自拍偷拍高清无码专区", "日韩无码中文字幕在线播放", "同城约炮 上门小姐 全套服务", "激情小说 人妻 少妇 熟女 乱伦小说全集", "麻豆传媒最新作品免费看",
             f"加QQ{r.randint(10**7, 10**9)}看裸聊直播", "午夜福利视频 三级片 伦理电影大全", "91视频 草榴社区 东京热 一本道", f"私聊{handle(r)}，楼凤外围女包夜", "久久综合精品 亚洲色图 欧美性爱", "成人直播app下载安装"]
    return r.choice(["\n", " ", "，", "。"]).join(some(r, parts, 5, 10))


def stuffing(r):
    city, good = r.choice(CITIES), r.choice(GOODS)
    tails = "厂家 公司 价格 批发 哪家好 多少钱 报价 图片 品牌 排名 供应商 维修 电话 地址 定制 加工 十大品牌 排行榜 怎么样 网".split()
    how = r.randrange(5)
    words = [f"{r.choice([city, '', r.choice(CITIES)])}{good}{r.choice(tails)}" for _ in range(r.randint(40, 120))]
    if how == 0:
        return r.choice([",", "、", " ", "|", "_", "，"]).join(words)
    if how == 1:
        return "".join(words)
    if how == 2:
        return "\n".join(words)
    if how == 3:
        body = [f"{city}{good}是我们的主营业务，{city}{good}{r.choice(tails)}请找{city}{good}公司，做{city}{good}就选{city}{good}。" for _ in range(r.randint(5, 15))]
        return "".join(body)
    return "；".join(f"{city}{r.choice(GOODS)}{r.choice(tails)}" for _ in range(r.randint(40, 120)))


def random_han(r):
    return "".join(chr(r.randint(0x4E00, 0x9FA5)) if r.random() > 0.08 else r.choice("，。！\n") for _ in range(r.randint(120, 800)))


def random_common(r):
    return "".join(r.choice(COMMON) if r.random() > 0.08 else r.choice("，。？\n") for _ in range(r.randint(120, 800)))


def gb2312(r):
    out = []
    for _ in range(r.randint(120, 700)):
        out.append(bytes([r.randint(0xB0, 0xD7), r.randint(0xA1, 0xF9)]).decode("gb2312", "ignore") if r.random() > 0.06 else r.choice("，。、"))
    return "".join(out)


def prose(r, low, high):
    return "".join(r.choice(SENTENCES) for _ in range(r.randint(low, high)))


def distinct(r, low, high):
    return "".join(some(r, SENTENCES, low, high))


def shuffled(r):
    characters = list(distinct(r, 8, 24))
    r.shuffle(characters)
    return "".join(characters)


def shuffled_sentences(r):
    out = []
    for sentence in some(r, SENTENCES, 8, 24):
        inner = list(sentence[:-1])
        r.shuffle(inner)
        out.append("".join(inner) + sentence[-1])
    return "".join(out)


def ascii_noise(r):
    how = r.randrange(4)
    if how == 0:
        return base64.b64encode(r.randbytes(r.randint(200, 900))).decode()
    if how == 1:
        return r.randbytes(r.randint(150, 600)).hex()
    if how == 2:
        return " ".join("".join(r.choice("qwertyuiopasdfghjklzxcvbnm;[]") for _ in range(r.randint(2, 14))) for _ in range(r.randint(40, 160)))
    return "".join(chr(r.randint(33, 126)) for _ in range(r.randint(200, 900)))


def symbols(r):
    base = r.choice(["★☆", "◆◇■□", "→←↑↓", "❤♥♡", "😀😂🤣😍", "—_=~", "①②③④⑤"])
    return "".join(r.choice(base) if r.random() > 0.15 else r.choice("顶赞好棒哈沙发路过") for _ in range(r.randint(100, 400)))


def chatter(r):
    words = "哈哈哈哈哈 顶 沙发 好帖 支持楼主 路过 赞 666666 呵呵 啊啊啊啊啊啊 水一贴 经验经验 打卡 签到 每日一水 继续继续 不错不错不错".split()
    return r.choice(["\n", " ", "！！", "。。。"]).join(r.choice(words) for _ in range(r.randint(40, 150)))


def boilerplate(r):
    year = r.randint(2005, 2025)
    parts = [f"Copyright © {year - 5}-{year} All Rights Reserved. 版权所有 未经授权禁止转载", f"京ICP备{r.randint(10**7, 10**8)}号-{r.randint(1, 9)} 京公网安备{r.randint(10**9, 10**10)}号",
             "关于我们 | 联系我们 | 网站地图 | 隐私政策 | 免责声明 | 意见反馈", "设为首页 加入收藏 返回首页 返回顶部", "上一篇：暂无 下一篇：暂无", "责任编辑：admin 点击量：" + str(r.randint(1, 999)),
             "分享到：微信 微博 QQ空间 打印本页 关闭窗口", "登录 | 注册 | 忘记密码 | 帮助中心", "相关阅读 推荐阅读 热门文章 最新文章", "发表评论 我要评论 网友评论 暂无评论 请登录后发表评论",
             "扫码关注微信公众号 客户端下载 手机版 电脑版", "声明：本文来源于网络，不代表本站立场，如有侵权请联系删除。", "转载请注明出处，侵权必究。", "您的位置：首页 > 新闻中心 > 正文", "展开全文 收起全文 查看更多 加载更多",
             "举报电话：010-" + str(r.randint(10**7, 10**8)) + " 违法和不良信息举报", "友情链接：" + " ".join(some(r, BRANDS, 4, 9)), "经营许可证编号：" + str(r.randint(10**6, 10**7))]
    return "\n".join(some(r, parts, 7, 14))


def error_page(r):
    parts = ["404 页面不存在", "您访问的页面不存在或已被删除", "3秒后自动返回首页", "点击刷新", "服务器开小差了，请稍后再试", "浏览器版本过低，请升级您的浏览器", "正在加载，请稍候……", "请开启 JavaScript 后继续浏览",
             "请输入验证码 看不清换一张", "返回首页 返回上一页", "登录/注册", "您的浏览器不支持播放该视频", "系统检测到您的网络存在异常，请完成验证", "暂无内容", "暂无数据", "Error 500 Internal Server Error", "nginx/1.18.0"]
    return r.choice(["\n", " "]).join(some(r, parts, 6, 11))


def menu(r):
    sep = r.choice(["\n", " ", " | ", "｜", " > ", "·", "/"])
    return sep.join(r.choice(MENU) for _ in range(r.randint(40, 140)))


def headlines(r):
    lines = []
    for _ in range(r.randint(15, 50)):
        title = r.choice(TITLES)
        if r.random() < 0.5:
            title = r.choice(["· ", "• ", "[图文] ", "【推荐】", ""]) + title
        lines.append(title + r.choice(["", f" {r.randint(1, 12):02}-{r.randint(1, 28):02}", f"({r.randint(1, 999)})", "..."]))
    return "\n".join(lines)


def addresses(r):
    lines = [f"{r.choice(['', r.choice(TITLES) + ' ', r.choice(BRANDS) + '网：'])}http://www.{handle(r)}.{r.choice(['com', 'cn', 'net'])}/{handle(r)}.html" for _ in range(r.randint(12, 50))]
    return "\n".join(lines)


def tags(r):
    words = [r.choice(GOODS + MENU + CITIES + BRANDS) + r.choice(["", f"({r.randint(1, 99)})"]) for _ in range(r.randint(50, 150))]
    return r.choice([" ", "，", "\n", "、", " # "]).join(words)


def latin(r):
    return distinct(r, 6, 20).encode().decode("latin-1" if r.random() < 0.5 else "cp1252", "ignore")


def gbk_as_latin(r):
    return distinct(r, 6, 20).encode("gbk").decode("latin-1")


def utf8_as_gbk(r):
    return distinct(r, 6, 20).encode().decode("gb18030" if r.random() < 0.5 else "gbk", r.choice(["replace", "ignore"]))


def gbk_as_utf8(r):
    return distinct(r, 6, 20).encode("gbk").decode("utf-8", "replace")


def kun(r):
    return distinct(r, 6, 20).encode("gbk").decode("utf-8", "replace").encode().decode("gbk", "ignore")


def half_mojibake(r):
    good = distinct(r, 3, 8)
    return good + r.choice([latin, utf8_as_gbk, gbk_as_utf8, kun])(r) + distinct(r, 1, 4)


def gbk_as_big5(r):
    return distinct(r, 6, 20).encode("gbk").decode("big5", "replace")


def form(r):
    fields = "姓名 性别 年龄 职业 学历 民族 籍贯 电话 传真 邮箱 地址 邮编 单位 部门 职务 备注 编号 日期 型号 规格 产地 品牌 材质 颜色 重量 尺寸 功率 电压 包装 数量 单价".split()
    return "\n".join(f"{f}：{r.choice(['', '', '暂无', '——', str(r.randint(1, 999)), '请填写', '待补充'])}" for f in (some(r, fields, 12, 28)))


def placeholder(r):
    parts = ["此处输入标题", "在此输入正文内容", "点击此处添加文本", "这里是标题", "这里是内容这里是内容这里是内容", "测试文本测试文本测试文本", "Lorem ipsum dolor sit amet, consectetur adipiscing elit.", "待补充", "敬请期待", "暂无简介", "XXX公司", "单击此处添加副标题", "{{title}} {{content}}", "<%= name %>"]
    return r.choice(["\n", " "]).join(r.choice(parts) for _ in range(r.randint(10, 40)))


def repeated(r):
    how = r.randrange(3)
    if how == 0:
        return r.choice(SENTENCES) * r.randint(8, 40)
    if how == 1:
        two = some(r, SENTENCES, 2, 3)
        return "\n".join(r.choice(two) for _ in range(r.randint(12, 50)))
    return "".join(r.choice(["好的", "谢谢", "加油", "转发", "关注", "收到"]) for _ in range(r.randint(80, 300)))


def salad(r):
    words = GOODS + MENU + CITIES + BRANDS + TITLES
    return "".join(r.choice(words) + r.choice(["", "，", "。", ""]) for _ in range(r.randint(60, 160)))


def price_list(r):
    return "\n".join(f"{r.choice(BRANDS)}{r.choice(GOODS)} 型号{r.choice('ABCDX')}{r.randint(100, 9999)} 价格{r.randint(20, 9000)}元/{r.choice('台件套个吨')}" for _ in range(r.randint(15, 50)))


def markup(r):
    lines = [f'<div class="{handle(r)}"><a href="/{handle(r)}.html" target="_blank">{r.choice(TITLES)}</a></div>' for _ in range(r.randint(8, 30))]
    return r.choice(["\n", ""]).join(lines)


def script(r):
    lines = [f"var {handle(r)} = document.getElementById('{handle(r)}');", "window.onload=function(){$('#nav').show();};", f"_hmt.push(['_trackEvent', '{handle(r)}', 'click']);", ".header{width:100%;height:40px;background:#fff;}",
             "(function(){var bp=document.createElement('script');bp.src='//push.zhanzhang.baidu.com/push.js';})();", f"if(typeof {handle(r)}!='undefined'){{{handle(r)}();}}"]
    return "\n".join(r.choice(lines) for _ in range(r.randint(10, 30)))


def download(r):
    name = r.choice(["江湖行", "星辰传说", "都市狂龙", "锦绣田园", "星河漫游记"])
    parts = [f"{name}全文免费阅读", f"{name}txt下载", f"{name}最新章节", f"{name}无弹窗", f"《{name}》百度网盘迅雷下载", f"{name}高清完整版免费观看", f"{name}全集在线观看 国语版 未删减", "磁力链接 种子下载 BT下载", f"{name}破解版 绿色版 官方下载", "点击下载 立即下载 免费注册", "相关推荐 猜你喜欢 热门搜索", f"提取码：{handle(r)[:4]}"]
    return r.choice(["\n", "，", " ", "_"]).join(some(r, parts, 5, 10))


MAKES = [advertisement, loan, betting, adult, stuffing, stuffing, random_han, random_common, gb2312, shuffled, shuffled_sentences, ascii_noise, symbols, chatter, boilerplate, error_page, menu, headlines,
         addresses, tags, latin, gbk_as_latin, utf8_as_gbk, gbk_as_utf8, kun, half_mojibake, gbk_as_big5, form, placeholder, repeated, salad, price_list, markup, script, download]


def pages(count, seed=20261129):
    for number in range(count):
        r = random.Random(seed + number)
        make = MAKES[number % len(MAKES)]
        yield {"id": f"{make.__name__}:{number}", "kind": make.__name__, "text": make(r)}


if __name__ == "__main__":
    for page in pages(int(sys.argv[1]) if len(sys.argv) > 1 else 700):
        print(json.dumps(page, ensure_ascii=False))
