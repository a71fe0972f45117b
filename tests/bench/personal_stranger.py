"""A second labelled set of personal data, by somebody who had read what `corpus explain personal_data` says, and no code.

Usage: personal_stranger.py make [ROWS] [SEED] > rows.jsonl
       personal_stranger.py score ROWS.jsonl MASKED.jsonl
  The rows and the table are as those of personal_set.py: a span and a near miss or two a row, half of the spans between Han.
  Of seed 11 the code that had not seen it found .9535 with precision .9904; what it missed was mended looking at it.
"""
import random
import re
import string

from personal_score import main

D = "0123456789"
def d(r, n): return "".join(r.choice(D) for _ in range(n))
def nz(r): return r.choice(D[1:])
def some(r, n, alphabet): return "".join(r.choice(alphabet) for _ in range(n))
AL = string.ascii_letters + D
NAMES = "欧阳修远 司马静 沈嘉禾 冯雨桐 唐一鸣 许知远 邓紫茵 曹阿瞒 韩寒冰 丁当 魏来 薛宝莹 方圆 石磊磊 白敬亭舟 阿依古丽 才让卓玛 巴特尔".split()
LAT = "zhangwei1987 li.na hello_world j.smith wangxiaoming liu-yang service hr2024 k88 tangseng.xitian contact press office m.garcia fang99 xiaohong521 a1b2c3 noreply".split()
DOM = "qq.com 163.com foxmail.com sina.com.cn gmail.com tsinghua.edu.cn hust.edu.cn sohu.com proton.me 139.com yandex.ru live.cn company.co.uk sjtu.edu.cn law-firm.com.cn startup.io agency.photography mails.ucas.ac.cn".split()

def email(r, h):
    if r.random() < .15: n = d(r, r.randint(6, 10)) + "@qq.com"
    else: n = r.choice(LAT) + r.choice(["", "", "", str(r.randint(1, 99)), "_bj"]) + "@" + r.choice(DOM)
    x = r.random()
    if x < .06: n = n.replace("@", "(at)")
    elif x < .1: n = n.replace("@", "[at]")
    elif x < .14 and h: n = n.replace("@", "＠")
    elif x < .18: n = n.replace("@", "+news@", 1)
    elif x < .22: n = n[0].upper() + n[1:]
    return n
def ip(r, h):
    x = r.random()
    if x < .12: return "240e:" + ":".join(f"{r.randint(0x100, 0xffff):x}" for _ in range(7))
    if x < .2: return f"2409:8a{r.randint(10,99)}:{r.randint(0x1000,0xffff):x}:{r.randint(0x1000,0xffff):x}::{r.randint(1,0xfff):x}"
    if x < .25: return f"fe80::{r.randint(0x100,0xffff):x}:{r.randint(0x100,0xffff):x}:fe{r.randint(16,255):02x}:{r.randint(0x1000,0xffff):x}"
    return f"{r.choice([1,14,27,42,58,60,61,103,110,112,116,119,121,123,139,171,183,211,219,221,222,223])}.{r.randint(1,254)}.{r.randint(1,254)}.{r.randint(1,254)}"
def mobile(r, h):
    a, b, c = "1" + r.choice("30 32 34 37 38 39 50 51 53 55 57 59 66 71 72 75 76 77 78 81 83 84 85 86 87 89 90 92 93 96 97 98".split()), d(r, 4), d(r, 4)
    n = a + b + c
    return r.choice([n, n, n, n, n, f"{a} {b} {c}", f"{a}-{b}-{c}", f"+86{n}", f"+86 {n}", f"86-{n}", f"(+86){n}", f"+86 {a}-{b}-{c}", f"0086-{n}"] + (["".join(chr(ord(x) + 0xFEE0) for x in n), f"{a}－{b}－{c}", f"（+86）{n}"] if h else []))
def landline(r, h):
    area = r.choice("010 020 021 022 023 024 025 027 028 029 0311 0351 0371 0411 0431 0451 0471 0531 0551 0571 0579 0731 0755 0757 0771 0769 0791 0871 0898 0931 0951 0971".split())
    a, b = r.choice("235678") + d(r, 3), d(r, 4)
    if len(area) == 4 and r.random() < .35: a = a[:3]
    return r.choice([f"{area}-{a}{b}", f"{area}-{a}{b}", f"{area}{a}{b}", f"{area} {a} {b}", f"({area}){a}{b}", f"({area}) {a}-{b}", f"{area}-{a}{b}-{d(r,3)}", f"+86 {area[1:]} {a} {b}", f"{area}－{a}{b}" if h else f"{area} {a}{b}", f"（{area}）{a}{b}" if h else f"{area}-{a}-{b}"])
def phone(r, h):
    x = r.choice("213 305 404 512 646 702 713 773 818 917 925".split()); y = r.choice("23456789") + d(r, 2); z = d(r, 4)
    return r.choice([f"({x}) {y}-{z}", f"+1 {x} {y} {z}", f"+1-{x}-{y}-{z}", f"+1{x}{y}{z}", f"{x}-{y}-{z}", f"+44 7{d(r,3)} {d(r,6)}", f"+44 161 {d(r,3)} {d(r,4)}", f"07{d(r,3)} {d(r,6)}", f"+61 4{d(r,2)} {d(r,3)} {d(r,3)}", f"+33 6 {d(r,2)} {d(r,2)} {d(r,2)} {d(r,2)}", f"+82 10-{d(r,4)}-{d(r,4)}", f"+886 9{d(r,2)} {d(r,3)} {d(r,3)}", f"+852-{r.choice('5 6 9'.split())}{d(r,3)}-{d(r,4)}", f"+7 9{d(r,2)} {d(r,3)}-{d(r,2)}-{d(r,2)}"])
REG = "110105 120103 130302 140105 150102 210102 220102 230103 310115 320102 330106 340104 350203 360102 370102 410105 420106 430102 440305 450102 460105 500112 510107 520103 530102 610113 620102 630104 640105 650103".split()
def check(b): return "10X98765432"[sum(int(c) * w for c, w in zip(b, [7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])) % 11]
def id18(r): 
    b = r.choice(REG) + f"{r.randint(1938,2015)}{r.randint(1,12):02}{r.randint(1,28):02}" + d(r, 3)
    return b + check(b)
def id_number(r, h):
    n = id18(r)
    x = r.random()
    if x < .08: return n.lower()
    if x < .16: return f"{n[:6]} {n[6:14]} {n[14:]}"
    if x < .2 and h: return "".join(chr(ord(c) + 0xFEE0) for c in n)
    if x < .26: return f"{n[:6]}-{n[6:14]}-{n[14:]}"
    return n
def luhn(b):
    t = sum((x if i % 2 else (x * 2 - 9 if x > 4 else x * 2)) for i, x in enumerate(int(c) for c in reversed(b)))
    return str((10 - t % 10) % 10)
def bank_card(r, h):
    p = r.choice("622202 622700 621226 622262 622609 622908 621799 623058 622155 621483 625900 627088 436745 526855 518710 370246 421349 552599".split())
    total = 15 if p[0] == "3" else (r.choice([16, 19]) if p[:2] == "62" and p[2] != "5" else 16)
    b = p + d(r, total - 1 - len(p)); n = b + luhn(b)
    x = r.random()
    if total == 15: return n if x < .6 else f"{n[:4]} {n[4:10]} {n[10:]}"
    if x < .3: return " ".join(n[i:i+4] for i in range(0, len(n), 4))
    if x < .42: return "-".join(n[i:i+4] for i in range(0, len(n), 4))
    return n
def passport(r, h): return r.choice([f"E{d(r,8)}", f"E{r.choice('ABCDEFGHJ')}{d(r,7)}", f"G{d(r,8)}", f"S{d(r,8)}", f"D{d(r,8)}", f"PE{d(r,7)}", f"C{d(r,8)}", f"H{d(r,8)}", f"K0{d(r,7)}"]) 
PROV = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
def plate(r, h):
    p, c = r.choice(PROV), r.choice("ABCDEFGHJK")
    L = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    t = list(d(r, 5))
    for at in r.sample(range(4), r.choice([0, 0, 1, 1, 2])): t[at] = r.choice(L)
    t = "".join(t)
    x = r.random()
    if x < .2: return p + c + r.choice(["", "·"]) + r.choice("DF") + d(r, 5)
    if x < .25: return p + c + d(r, 4) + r.choice("警学挂")
    if x < .28: return "粤Z" + r.choice(["", "·"]) + d(r, 4) + r.choice("港澳")
    if x < .33: return p + c + " " + t
    if x < .4: return p + c + "-" + t
    return p + c + r.choice(["", "", "·", "•"]) + t
def qq(r, h): return nz(r) + d(r, r.randint(5, 9))
def wechat(r, h):
    return r.choice([lambda: "wxid_" + some(r, 14, string.ascii_lowercase + D), lambda: r.choice("dabing taozi mrzhao lulu_ ss- xiaoyu jojo".split()) + d(r, r.randint(3, 6)), lambda: some(r, r.randint(6, 10), string.ascii_lowercase) + r.choice(["_", "-"]) + d(r, 2), lambda: r.choice(string.ascii_uppercase) + some(r, 3, string.ascii_lowercase) + d(r, 5)])()
ROADS = "文二西路 科技南十二路 天河北路 五四大道 湘江中路 太白南路 洪山路 珠江路 钟楼西大街 青年大街 海甸三东路 西大望路 万寿路 龙华东路".split()
CITY = ["浙江省杭州市西湖区", "广东省深圳市南山区", "四川省成都市武侯区", "陕西省西安市雁塔区", "湖北省武汉市洪山区", "沈阳市和平区", "海口市美兰区", "北京市海淀区", "上海市徐汇区", "山西省太原市小店区"]
VILL = ["河北省保定市徐水区遂城镇", "河南省信阳市固始县陈淋子镇", "安徽省六安市霍邱县城关镇"]
def address(r, h):
    x = r.random(); n = r.randint(2, 880); road = r.choice(ROADS)
    head = r.choice(CITY)
    return r.choice([
        f"{head}{road}{n}号{r.choice(['金地名苑','东方花城','盛世华庭','学府佳园'])}{r.randint(1,25)}幢{r.randint(1,4)}单元{r.randint(1,33)}0{r.randint(1,6)}",
        f"{head}{road}{n}号{r.randint(1,20)}栋{r.randint(101,3306)}室",
        f"{road}{n}号{r.choice(['创业大厦','国贸中心','银河大厦'])}{r.choice('ABC')}座{r.randint(3,40)}层{r.randint(301,4010)}室",
        f"{head}{road}{n}号院{r.randint(1,30)}号楼{r.randint(1,6)}单元{r.randint(101,2803)}室",
        f"{head}{road}{n}弄{r.randint(1,90)}号{r.randint(101,1806)}室" if "上海" in head else f"{head}{road}{n}号{r.randint(1,9)}号楼{r.randint(101,906)}室",
        f"{r.choice(VILL)}{r.choice(['张庄村','大王庄村','李家湾村'])}{r.randint(1,300)}号",
    ])
def ssn(r, h): return f"{r.choice([x for x in range(100,665)]):03}-{r.randint(10,99)}-{r.randint(1000,9999)}"
def pem(r):
    k = r.choice(["RSA ", "EC ", "", "OPENSSH "])
    return f"-----BEGIN {k}PRIVATE KEY-----\n" + "\n".join(some(r, 64, AL + "+/") for _ in range(r.randint(3, 6))) + "\n" + some(r, 30, AL) + f"==\n-----END {k}PRIVATE KEY-----"
def jwt(r): return "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ" + some(r, 60, AL) + "." + some(r, 43, AL + "-_")
def secret(r, h):
    return r.choice([lambda: "AKIA" + some(r, 16, string.ascii_uppercase + "234567"), lambda: "ASIA" + some(r, 16, string.ascii_uppercase + "234567"), lambda: r.choice(["ghp_", "gho_", "ghs_"]) + some(r, 36, AL), lambda: "github_pat_" + some(r, 22, AL) + "_" + some(r, 59, AL),
                     lambda: "sk-" + some(r, 48, AL), lambda: "sk-ant-api03-" + some(r, 93, AL + "-_") + "AA", lambda: "LTAI" + some(r, 20, AL), lambda: "AKID" + some(r, 32, AL), lambda: "glpat-" + some(r, 20, AL + "-_").strip("-_").ljust(20, "x"),
                     lambda: "AIzaSy" + some(r, 33, AL), lambda: "hf_" + some(r, 34, string.ascii_letters), lambda: "xoxp-" + d(r, 12) + "-" + d(r, 12) + "-" + d(r, 12) + "-" + some(r, 32, "abcdef" + D), lambda: r.choice(["sk_live_", "rk_live_"]) + some(r, 24, AL),
                     lambda: "npm_" + some(r, 36, AL), lambda: "SG." + some(r, 22, AL) + "." + some(r, 43, AL), lambda: "pypi-AgEIcHlwaS5vcmc" + some(r, 70, AL), lambda: "dop_v1_" + some(r, 64, "abcdef" + D), lambda: jwt(r)])()
V = {f.__name__: f for f in [email, ip, mobile, landline, phone, id_number, bank_card, passport, plate, qq, wechat, address, ssn, secret]}

# Frames: right beside Han on both sides (H), or in other surroundings (O).
H = {
 "email": ["稿件请发{}并注明版面", "可将材料扫描后发送到{}我们三日内回复", "发件人是{}的垃圾邮件", "教务处邮箱{}已启用", "导师让我把论文投给{}就行", "原作者{}授权转载", "欢迎来函{}洽谈合作"],
 "ip": ["攻击源为{}的请求占八成", "我司公网地址{}被封了", "打印机地址改成{}后正常", "网友{}发表于昨日", "把域名解析到{}上去", "封禁用户{}三天", "从{}登录失败五次"],
 "mobile": ["有意者请致电{}王先生", "班主任{}每晚八点后接听", "【顺丰速运】派件员{}正在派送", "急转，走失老人家属电话{}谢谢好心人", "门锁密码问房东{}要", "购票人手机{}收到验证码", "招聘电工两名，联系{}面谈", "乙方联系方式为{}以短信送达为准", "{}这个号码一直骚扰我", "热线作废，改打老板手机{}吧"],
 "landline": ["派出所值班电话{}全天有人", "报名处{}咨询时间上午", "可拨打总台{}订房", "学校招办{}欢迎来电", "旧号{}即日停用", "订餐请打{}外送免费", "法院立案庭电话{}每周一接待", "诊所{}需提前预约"],
 "phone": ["温哥华的表姐电话{}记得加区号", "大使馆领事保护电话{}全天候", "境外客户手机{}无人接听", "我在美国的号码{}可以收短信", "代购联系{}请用短信"],
 "id_number": ["被告人李某，公民身份号码{}汉族", "考生证件号{}已审核", "出借人身份证号为{}住址略", "患者身份证{}医保已登记", "法定代表人{}持股百分之六十", "失信被执行人{}名下无财产", "姓名与身份证号码{}不符"],
 "bank_card": ["退款至尾号见下的卡{}预计三天到账", "开户行建行，账号{}户名略", "请汇至{}并备注姓名", "不法分子让她转账到{}共计五万", "工资卡{}换成新卡", "信用卡{}已逾期", "捐款账户{}长期有效"],
 "passport": ["护照号{}签发地上海", "持护照{}入境", "其护照号码为{}有效期至明年", "请填写护照编号{}及国籍", "因私护照{}已注销"],
 "plate": ["车牌{}的司机酒驾", "肇事车辆为{}小型轿车", "请{}车主速来挪车", "停在楼下的{}挡住了消防通道", "我打的车是{}白色朗逸", "号牌{}未年检", "抓拍到{}违停"],
 "qq": ["站长QQ{}欢迎交换链接", "客服扣扣{}在线", "有事加企鹅号{}注明来意", "联系QQ：{}非诚勿扰", "加QQ号{}领资料", "我的QQ是{}同名空间"],
 "wechat": ["微信{}同号", "加老师微信{}领取讲义", "微信号{}备注来意", "我的VX是{}不常看", "想进来的加我微信号：{}谢谢", "联系薇信{}咨询", "V信：{}随时在线"],
 "address": ["收件地址{}李女士收", "现住{}独居", "请寄往{}邮资到付", "户籍地址：{}汉族", "公司搬到了{}欢迎参观", "家住{}的陈阿姨", "住所地{}统一代码略"],
 "ssn": ["美国社会安全号码{}请勿外传", "他的社安号是{}已冻结", "表格里社会保障号（美国）填{}即可"],
 "secret": ["密钥为{}请妥善保管", "代码里写死了令牌{}赶紧撤销", "泄露的访问密钥{}已被滥用", "把密钥{}贴到了论坛上"],
}
O = {
 "email": ["E-mail: {}\n", "For details, contact {} or visit us.", "<a href=\"mailto:{}\">mail</a>", "author_email='{}',", "{}\t2023-05-01\tok", "Reply-To: {}\r\n", "Signed-off-by: Wei Fang <{}>", "[mail]({})"],
 "ip": ["remote_addr={} status=502", "ping {} -c 4", "Nov 30 10:00:01 sshd[221]: Failed password for root from {} port 52211",  "A record -> {}\n", "{\"client_ip\": \"{}\"}", "nameserver {}\n"],
 "mobile": ["Mob. {}\n", "tel:{}\n", "{\"phone\":\"{}\",\"ok\":1}", "李雷,{},男\n", "|姓名|电话|\n|--|--|\n|张三|{}|", "SMS to {} failed", "<td>{}</td>", "contact: {} (Mr Liu)", "#接龙\n1. 豆豆妈 {}\n"],
 "landline": ["Tel: {}; Fax: none", "Hotel reception: {}.", "TEL {}\n", "phone = \"{}\"", "Beijing office, {}.", "| 总机 | {} |"],
 "phone": ["Phone: {}\n", "Please text me at {}.", "Cell: {}, ask for Dana.", "Office {} | Fax n/a", "Call {} to RSVP.", "tel. {}\n"],
 "id_number": ["ID: {}\n", "{\"idcard\":\"{}\"}", "王五\t{}\t男", "<span>{}</span>", "resident ID {}, verified", "1,韩梅梅,{},2024"],
 "bank_card": ["Card no. {}\n", "{\"pan\": \"{}\"}", "| 李四 | {} |", "Paid with {} today.", "卡号: {}\n", "PAN={};"],
 "passport": ["Passport: {}\n", "passport no {}, valid", "护照: {}\n", "{\"passport\": \"{}\"}", "Passport number {} was lost."],
 "plate": ["Plate: {}\n", "{\"plate\":\"{}\"}", "| 1 | {} | SUV |", "({})", "car no. {}, blue\n"],
 "qq": ["QQ: {}\n", "QQ:{} | MSN: none", "qq={}\n", "Contact (QQ) {}", "Q Q：{}\n"],
 "wechat": ["WeChat: {}\n", "wechat id: {}\n", "WX: {}\n", "vx:{}\n", "WeChat {} / Line none", "Weixin ID {}."],
 "address": ["Address: {}\n", "地址: {}\n", "{\"addr\": \"{}\"}", "| 收货地址 | {} |", "Deliver to: {}\n"],
 "ssn": ["SSN: {}\n", "Social Security No. {}.", "{\"ssn\":\"{}\"}", "Employee SSN {}, DOB on file", "my social is {}."],
 "secret": ["OPENAI_API_KEY={}\n", "curl -H 'Authorization: Bearer {}' https://api.x.com", "token = '{}'", "access_key: {}\n", "{\"secret\": \"{}\"}", "git clone https://oauth2:{}@host/x.git" ],
}
# Near misses: the thing stays as it is.
def bad_id(r):
    n = id18(r); return n[:17] + r.choice([c for c in D if c != n[17]])
def bad_luhn(r):
    n = "62" + d(r, 16); g = luhn(n); return n + r.choice([c for c in D if c != g])
N = [
 (["快递单号{}已揽收", "运单号：{}\n", "订单{}退款成功", "tracking no. {}\n"], lambda r: r.choice(["YT" + d(r, 13), "7" + d(r, 14), "SF" + d(r, 12), "E" + d(r, 9) + "CN", d(r, 24), "20" + d(r, 20), "JD" + d(r, 11)])),
 (["流水号{}可查询", "交易号: {}\n", "任务ID{}运行中", "trace {} done"], lambda r: r.choice([nz(r) + d(r, 20), "4200" + d(r, 24), "req-" + some(r, 12, "abcdef" + D), "1" + d(r, 18) + "00"])),
 (["校验位不对的号码{}无效", "编号{}为内部编码"], bad_id),
 (["会员编号{}不是银行卡", "序列{}作废"], bad_luhn),
 (["营收{}元创新高", "累计播放{}次", "资产总额为{}元"], lambda r: "1" + r.choice("3578") + d(r, 9)),
 (["时间戳{}换算后是昨天", "ts={}\n", "created: {}\n"], lambda r: r.choice(["16", "17"]) + d(r, r.choice([8, 11]))),
 (["固件版本{}修复了闪退", "请升级到v{}再试", "Chrome/{} Safari", "version {}\n"], lambda r: f"{r.randint(1,120)}.{r.randint(0,9)}.{r.randint(0,6000)}.{r.randint(0,200)}"),
 (["见本书{}节的讨论", "第{}条规定"], lambda r: f"{r.randint(1,12)}.{r.randint(1,9)}.{r.randint(1,9)}"),
 (["书号ISBN {}精装", "ISBN：{}\n"], lambda r: r.choice([f"978-7-5{d(r,3)}-{d(r,4)}-{d(r,1)}", "9787" + d(r, 9), f"7-{d(r,3)}-{d(r,5)}-{d(r,1)}"])),
 (["OID为{}的对象", "snmpwalk {}\n"], lambda r: f"1.3.6.1.4.1.{r.randint(100,9999)}.{r.randint(1,9)}"),
 (["子网{}划分完毕", "route {}\n"], lambda r: f"10.{r.randint(0,255)}.0.0/{r.choice([8,16,24])}"),
 (["本机{}端口占用", "bind {}\n"], lambda r: r.choice(["127.0.0.1", "0.0.0.0", "255.255.255.0", "255.255.0.0"])),
 (["安装{}即可", "npm i {}\n"], lambda r: r.choice(["@types/node@18.0.1", "react@17", "lodash@4.17.21", "@vue/cli@next", "requests@latest"])),
 (["图标{}要高清", "用{}装饰器", "转发@{}的微博".replace("@{}", "{}"), "感谢{}供图"], lambda r: r.choice(["logo@3x.png", "@property", "@人民日报", "@央视新闻", "@Override", "@media print"])),
 (["京A座一楼和{}", "地点在{}"], lambda r: r.choice(["沪C区", "B座3层", "A栋大堂", "苏州A馆", "川A组", "京B股指数"])),
 (["QQ群{}已满", "QQ交流群：{}\n", "企鹅群{}欢迎加入"], lambda r: nz(r) + d(r, 8)),
 (["微信公众号{}每日更新", "公众号：{}\n"], lambda r: r.choice(["rmrbwx", "guokr42", "kexue_ren", "zhihu2011"])),
 (["用微信{}付款", "QQ{}无法启动"], lambda r: r.choice(["支付", "小程序", "8.0.34", "2013版"])),
 (["展览在{}举行", "我们在{}下车", "老店位于{}"], lambda r: r.choice(ROADS) + f"{r.randint(2,300)}号"),
 (["货号{}缺货", "part {}\n", "型号为{}的螺丝"], lambda r: r.choice([f"{d(r,3)}-{d(r,2)}-{d(r,3)}", f"{d(r,2)}-{d(r,4)}-{d(r,2)}", f"000-{d(r,2)}-{d(r,4)}", f"666-{d(r,2)}-{d(r,4)}", f"GB{d(r,5)}.{d(r,1)}-20{d(r,2)}", f"M{d(r,1)}x{d(r,2)}"])),
 (["提交{}引入了问题", "sha256:{}\n", "commit {}\n", "md5为{}的文件"], lambda r: some(r, r.choice([7, 32, 40, 64]), "abcdef" + D)),
 (["编号{}的记录", "uuid={}\n"], lambda r: "-".join(some(r, k, "abcdef" + D) for k in (8, 4, 4, 4, 12))),
 (["会议时间{}不变", "生于{}卒年不详", "log {}\n"], lambda r: r.choice([f"{r.randint(1950,2025)}-{r.randint(10,12)}-{r.randint(10,28)}", f"{r.randint(1950,2025)}年{r.randint(1,12)}月{r.randint(1,28)}日", f"{r.randint(2000,2025)}{r.randint(10,12)}{r.randint(10,28)}", f"20{d(r,2)}/{r.randint(1,12)}/{r.randint(1,28)} {r.randint(10,23)}:{r.randint(10,59)}"])),
 (["全国统一客服{}接听", "请拨打{}举报", "hotline {}\n"], lambda r: r.choice(["10086", "12315", "95533", "96110", "400-820-8820", "800-810-0011", "4006" + d(r, 6), "114"])),
 (["统一社会信用代码{}经营范围", "税号：{}\n"], lambda r: "91" + r.choice(["110108", "310115", "440300"]) + "MA" + some(r, 8, D + "ABCDEFGHJKLMNPQRTUWXY") + r.choice(D)),
 (["经纬度{}附近", "lat/lng {}\n"], lambda r: f"{r.uniform(20,45):.6f},{r.uniform(80,125):.6f}"),
 (["doi:{}可查", "DOI {}\n", "arXiv:{}\n"], lambda r: r.choice([f"10.{d(r,4)}/s{d(r,5)}-0{d(r,2)}-{d(r,5)}-{d(r,1)}", f"2{r.randint(0,4)}0{r.randint(1,9)}.{d(r,5)}"])),
 (["比分{}结束", "区间为{}之间", "pages {}\n"], lambda r: r.choice([f"{r.randint(80,130)}-{r.randint(80,130)}", f"{d(r,3)}-{d(r,4)}", f"{r.randint(1900,1999)}-{r.randint(2000,2025)}"])),
 (["圆周率{}背诵", "结果约{}左右"], lambda r: r.choice(["3.14159265358979", "2.718281828459045", "0." + d(r, 16), d(r, 1) + "." + d(r, 12) + "e-05"])),
 (["密码：{}\n", "token: {}\n", "填上{}就行"], lambda r: r.choice(["********", "<your-token>", "YOUR_API_KEY", "${API_TOKEN}", "xxxxxxxx"])),
 (["文件{}太长", "see {}\n", "css类{}没有生效"], lambda r: r.choice(["task-management-for-large-teams-in-2024", "risk-assessment-of-the-northern-region", "btn-primary-disabled-hover", "ghp_readme.md", "hf_hub_download", "desk-mounted-monitor-arm-stand"])),
 (["航班{}晚点", "车次{}检票", "教室{}上课"], lambda r: r.choice(["MU" + d(r, 4), "G" + d(r, 4), "CA" + d(r, 4), "E" + d(r, 3), "Z" + d(r, 2), "D" + d(r, 4)])),
 (["（{}）京0105民初", "文号国发〔20{}〕", "案号{}号"], lambda r: d(r, 2) + r.choice(["18", "21", "09"])),
 (["共{}册", "售出{}件", "人口{}人", "海拔{}米"], lambda r: r.choice([nz(r) + d(r, 3), nz(r) + d(r, 6), f"{nz(r)}{d(r,1)},{d(r,3)},{d(r,3)}", f"{nz(r)}{d(r,2)}.{d(r,1)}万"])),
 (["MAC地址{}绑定", "bt {}\n"], lambda r: ":".join(some(r, 2, "abcdef" + D) for _ in range(6))),
 (["频率{}赫兹", "电阻{}欧"], lambda r: nz(r) + d(r, 4) + "." + d(r, 2)),
]
FILL = ["今天天气不错。", "如有变动另行通知。", "Thanks in advance.", "以上仅供参考。", "See you on Friday.", "请大家互相转告。", "（完）", "谢谢！", "NOTE: internal only.", "哈哈哈哈", ""]
GLUE = ["\n", "\n\n", "。\n", "；\n", "\n* ", "\n> ", "\t\n"]

def put(frame, value): return frame.replace("{}", value, 1)
def piece(r, kind, han):
    frame = r.choice((H if han else O)[kind])
    if kind == "secret" and r.random() < .12: return put("备份如下\n{}\n结束", pem(r)), put("备份如下\n{}\n结束", "[SECRET]")
    v = V[kind](r, han)
    return put(frame, v), put(frame, f"[{kind.upper()}]")
def miss(r):
    frames, f = r.choice(N); t = put(r.choice(frames), f(r)); return t, t
def rows(count, seed):
    kinds = list(V)
    for i in range(count):
        r = random.Random(seed * 104729 + i)
        kind, han = kinds[i % len(kinds)], i // len(kinds) % 2 == 0
        parts = [piece(r, kind, han), miss(r)]
        if r.random() < .3: parts.append(miss(r))
        if r.random() < .4: f = r.choice(FILL); parts.append((f, f))
        if r.random() < .2: parts.append(piece(r, r.choice(kinds), r.random() < .5))
        r.shuffle(parts)
        g = r.choice(GLUE)
        yield {"id": f"{kind}:{'han' if han else 'other'}:{i}", "text": g.join(p[0] for p in parts), "expected": g.join(p[1] for p in parts)}

def same_form(t):
    t = re.sub(r"[(（]\+86[)）]\[MOBILE", "[MOBILE", t)
    return re.sub(r"(?<!\d)86-\[MOBILE", "[MOBILE", t)
if __name__ == "__main__": main(rows, 11, same_form)
