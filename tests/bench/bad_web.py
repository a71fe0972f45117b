"""Bad Chinese pages of 51 kinds, to try profiles on: spam, gibberish, stuffing, boilerplate, wrong encodings, links, templates.

Unlike bad_set.py and bad_pages.py in kinds, words and sentences; made before anybody looked at what passes, with a seed a
page; nothing of it is copied from anywhere. Usage: bad_web.py [PAGES] [SEED] > bad.jsonl
"""

import random,json,sys,urllib.parse
S="""春分过后，果园里的梨花一夜之间全开了。|修表的师傅抬起头，让我下午四点再来取。|这条山路修了三年，通车那天全村人都来看热闹。|研究人员在样本中检测到微量的重金属，但含量低于国家标准。|她把旧毛衣拆了，用那些线给外孙织了一双袜子。|委员会建议将会议延期至下月十五日举行。|海边的风很大，晾在绳上的床单像帆一样鼓起来。|该算法的时间复杂度为线性，适合处理较大的数据集。|小时候我最怕夜里独自穿过那条没有灯的走廊。|据史料记载，这座塔在元代曾遭雷击，后由乡绅捐资重修。|列车晚点四十分钟，候车室里有人开始打瞌睡。|实验组的平均成绩比对照组高出七分，差异显著。|父亲沉默了一会儿，说那就按你想的去做吧。|新规定要求所有施工单位在开工前提交安全方案。|湖面结了薄冰，几只野鸭挤在没有冻住的一小块水里。""".split('|')
C="昆山 中山 宁波 常州 南通 潍坊 保定 廊坊 芜湖 襄阳 岳阳 桂林 海口 遵义 大同 鞍山".split()
G="铝单板 环氧地坪 通风管道 工业除尘器 电动叉车 充气模型 吸塑包装 隔音板 玻璃钢储罐 液压升降机 仿石漆 塑胶跑道 食堂承包 代理记账 甲醛检测 空调清洗 下水道疏通 宠物寄养 摄影棚租赁 小程序开发".split()
def num(r,n): return ''.join(r.choice('0123456789') for _ in range(n))
def tel(r): return '1'+r.choice('3589')+num(r,9)
def hd(r): return r.choice('abcdkmwxz')+''.join(r.choice('abc123xyz890') for _ in range(r.randint(5,9)))
def prose(r,a,b): return ''.join(r.sample(S,r.randint(a,b)))
def some(r,x,a,b): return r.sample(x,min(len(x),r.randint(a,b)))
K={}
def k(f): K[f.__name__]=f; return f
@k
def spam_local(r):
    c,g=r.choice(C),r.choice(G)
    p=[f"{c}{g}找哪家？我们专注{g}{r.randint(8,20)}年，服务过上千家企业。",f"需要{g}的老板请拨打{tel(r)}，周经理为您服务。",f"免费上门测量，免费出方案，{c}全境两小时到达。",f"现在预约{g}立享八折，前{r.randint(20,90)}名再送豪礼一份！",f"加我微信{hd(r)}，发您最新{g}价目表。",f"厂家直供，无中间商赚差价，支持定制。",f"不满意不收费，签合同，有保障。",f"地址：{c}市高新区工业园{r.randint(1,90)}号，欢迎来厂考察。",f"咨询电话：{tel(r)}（24小时在线）"]
    return r.choice(['','\n']).join(some(r,p,5,9))
@k
def spam_in_prose(r):
    x=some(r,S,3,6); ads=[f"【广告】{r.choice(G)}特价，加微信{hd(r)}，包邮到家！",f"想减肥？三十天瘦二十斤，无效退款，加V：{hd(r)}！",f"兼职招聘：在家打字，日结三百，QQ{num(r,9)}。",f"网贷逾期？专业律师协商还款，免费咨询{tel(r)}。",f"彩票计划群，带你稳赚，进群联系{hd(r)}。",f"代购香烟正品，量大从优，联系微信{hd(r)}。"]
    for a in some(r,ads,3,5): x.insert(r.randint(0,len(x)),a)
    return r.choice(['','\n']).join(x)
@k
def medical(r):
    d=r.choice("牛皮癣 尖锐湿疣 不孕不育 癫痫 狐臭 灰指甲 早泄 乙肝 颈椎病".split())
    p=[f"{d}哪家医院好？{r.choice(C)}{d}专科医院，采用德国微创技术，一次治愈，永不复发。",f"祖传秘方专治{d}，纯中药无副作用，七天见效。",f"签约治疗，无效退款，已帮助{r.randint(2,9)}万名患者康复。",f"专家在线免费问诊，点击咨询，预约优先就诊。",f"王老师微信：{hd(r)}，添加备注“{d}”。",f"{d}的症状有哪些？{d}能治好吗？{d}治疗多少钱？",f"医院地址：{r.choice(C)}市人民路{r.randint(1,300)}号 来院路线：乘{r.randint(1,99)}路公交到站即是",f"健康热线：400-{num(r,3)}-{num(r,4)}"]
    return r.choice(['\n','']).join(some(r,p,5,8))
@k
def casino(r):
    n=r.choice("银河 金莎 万豪 必赢 澳博 云顶 葡萄京 亿博 宝马会 星空".split())
    p=[f"{n}国际娱乐平台官方网站，亚洲信誉第一品牌。",f"新会员首充{r.randint(100,500)}送{r.randint(50,300)}，天天返水无上限。",f"真人荷官在线发牌，百家乐、轮盘、骰宝、牛牛应有尽有。",f"手机版APP扫码下载，安卓苹果双端支持。",f"世界杯竞猜投注，赔率全网最高。",f"时时彩、快三、赛车、六合彩，专业计划免费公开。",f"{n}登录入口：{hd(r)}.com  备用线路：{hd(r)}.cc",f"存取款三十秒到账，大额无忧。",f"招代理，佣金高达百分之六十，飞机号@{hd(r)}"]
    return r.choice(['\n','',' ']).join(some(r,p,4,8))
@k
def erotic(r):
    p=["国产精品一区二区三区在线观看","欧美日韩亚洲中文字幕","同城交友今晚约，美女空姐模特上门","少妇的诱惑完整版免费看","成人影院无需播放器","岛国动作片合集下载","主播福利视频泄露流出",f"加微信{hd(r)}看更多","偷拍自拍第一页","av片在线播放网站","学生妹兼职全套一条龙","黄色小说阅读网","无码高清专区日韩在线","三级伦理在线播放"]
    return r.choice(['\n',' ','，','。']).join(r.choice(p) for _ in range(r.randint(12,30)))
@k
def stuffing_titles(r):
    g=r.choice(G); t="厂家 价格 图片 报价 批发 公司 哪家好 多少钱 排名 品牌 联系方式 供应 定制 安装 施工 代理 加盟 前景".split()
    return r.choice(['_','-',' ','，','|','、','\n']).join(f"{r.choice(C+[''])}{g}{r.choice(t)}" for _ in range(r.randint(35,110)))
@k
def stuffing_sentences(r):
    c,g=r.choice(C),r.choice(G)
    t=[f"说到{c}{g}，很多人都会问{c}{g}哪家好。",f"其实选择{c}{g}公司要看{g}的质量和{g}的价格。",f"我们的{c}{g}在{c}{g}行业里口碑很好，做{g}就找{c}{g}。",f"{c}{g}价格受{g}规格影响，{c}{g}报价以实际为准。",f"如果您正在寻找{c}{g}，欢迎了解{c}{g}。",f"{g}厂家告诉您{g}怎么选，{c}{g}值得信赖。"]
    return ''.join(r.choice(t) for _ in range(r.randint(8,25)))
@k
def spun(r):
    """text out of a spinner: sentences cut in halves and joined"""
    h=[x for s in S for x in s.rstrip('。').split('，')]
    return ''.join(r.choice(h)+r.choice('，。，，。') for _ in range(r.randint(60,160)))
@k
def word_salad(r):
    w="系统 昨日 咖啡 的 快速 增长 老师 把 河流 显著 和 因此 蓝色 用户 不可 大约 机器 温暖 政策 了 跑步 下载 树叶 市场 他们 完全 桌子 在 提升 音乐 被 体验 沉默 数量 我们 方法 山谷 立即 优惠 历史".split()
    return ''.join(r.choice(w)+r.choice(['']*6+['，','。']) for _ in range(r.randint(100,300)))
@k
def rand_chars(r): return ''.join(chr(r.randint(0x4e00,0x9fa5)) if r.random()>.07 else r.choice('，。') for _ in range(r.randint(150,500)))
@k
def rand_freq(r):
    a=''.join(S).replace('，','').replace('。','')*1
    return ''.join(r.choice(a) if r.random()>.09 else r.choice('，。！') for _ in range(r.randint(150,500)))
@k
def reversed_text(r): return ''.join(s[:-1][::-1]+'。' for s in some(r,S,8,15))
@k
def shuffled_words(r):
    o=[]
    for s in some(r,S,8,15):
        x=[s[i:i+2] for i in range(0,len(s)-1,2)]; r.shuffle(x); o.append(''.join(x)+'。')
    return ''.join(o)
@k
def nav(r):
    m="首页 产品中心 公司简介 新闻动态 联系我们 在线留言 招贤纳士 客户案例 资质荣誉 企业文化 下载中心 常见问题 行业资讯 售后服务 组织架构 发展历程 网站地图 English 手机站 会员登录 免费注册 购物车 我的订单 帮助".split()
    return r.choice(['\n',' | ','  ',' / ','·','>']).join(r.choice(m) for _ in range(r.randint(30,90)))
@k
def footer(r):
    p=[f"版权所有 © {r.randint(2008,2024)} {r.choice(C)}某某科技有限公司 保留一切权利",f"{r.choice('苏浙粤鲁鄂湘')}ICP备{num(r,8)}号-{r.randint(1,5)}","技术支持：云网科技","本站部分图文来自互联网，如有侵权，请告知删除。","未经许可，严禁转载或镜像","网站首页 | 关于本站 | 法律声明 | 广告服务 | 友情链接 | 投稿邮箱","分享到： 微信 新浪微博 QQ空间 豆瓣","上一条：没有了 下一条：没有了","点击数：" + num(r,3) + " 更新时间：2019-0%d-1%d"%(r.randint(1,9),r.randint(0,9)),"编辑：小编 来源：本站原创 字号：大 中 小","返回列表 返回顶部 打印 收藏 关闭","扫一扫关注公众号，获取更多精彩内容","评论（0） 登录后才能评论 提交","猜你喜欢 大家都在看 随机推荐 标签云","不良信息举报中心 网络110报警服务 中国互联网诚信联盟","您当前的位置：首页 - 新闻 - 详情"]
    return r.choice(['\n','\n',' ']).join(some(r,p,8,14))
@k
def footer_around(r):
    return footer(r)+'\n'+r.choice(S)+'\n'+footer(r)
@k
def cookie(r):
    p=["我们使用Cookie来改善您的体验，继续浏览即表示您同意我们使用Cookie。","接受全部 拒绝 管理偏好设置","请先登录后查看全文","登录 注册 忘记密码？ 第三方登录：微信 QQ 微博","验证码已发送至您的手机，60秒后可重新获取","抱歉，您访问的页面走丢了","页面将在5秒后自动跳转","当前浏览器版本过低，建议使用谷歌浏览器","加载中，请稍候...","网络异常，点击重试","请开启JavaScript以继续使用本站","本内容需购买会员后查看，开通会员 立即购买","文章已被作者删除","系统维护中，给您带来不便敬请谅解","检测到您使用了广告拦截插件"]
    return r.choice(['\n',' ']).join(some(r,p,7,13))
@k
def moji_utf_latin(r): return prose(r,6,12).encode().decode('latin-1')
@k
def moji_utf_1252(r): return prose(r,6,12).encode().decode('cp1252','replace')
@k
def moji_gbk_latin(r): return prose(r,6,12).encode('gbk').decode('latin-1')
@k
def moji_utf_gbk(r): return prose(r,6,12).encode().decode('gbk','replace')
@k
def moji_gbk_utf(r): return prose(r,6,12).encode('gbk').decode('utf-8','replace')
@k
def moji_big5(r): return prose(r,6,12).encode('gbk').decode('big5','ignore')
@k
def moji_shiftjis(r): return prose(r,6,12).encode().decode('shift_jis','replace')
@k
def moji_euckr(r): return prose(r,6,12).encode('gbk').decode('euc-kr','replace')
@k
def moji_half(r): return prose(r,2,4)+'\n'+r.choice([moji_utf_latin,moji_gbk_latin,moji_utf_gbk,moji_gbk_utf])(r)
@k
def percent(r): return urllib.parse.quote(prose(r,3,6))
@k
def uescapes(r): return prose(r,4,8).encode('unicode_escape').decode()
@k
def entities(r): return ''.join(f'&#{ord(c)};' for c in prose(r,3,6))
@k
def links(r): return '\n'.join(r.choice(['','· ','[%d] '%i])+r.choice(['',r.choice(G)+'：',r.choice(S)[:8]+' '])+f"https://{r.choice(['www','m','bbs','news'])}.{hd(r)}.{r.choice(['com','cn','net','top'])}/{hd(r)}/{num(r,5)}.html" for i in range(r.randint(10,45)))
@k
def link_titles(r):
    t=[s.rstrip('。').split('，')[0] for s in S]+[f"{r.choice(C)}{g}" for g in G]
    return '\n'.join(r.choice(['','• ','>','[图]'])+r.choice(t)+r.choice(['',f' [{r.randint(1,12):02}-{r.randint(1,28):02}]','...',' 查看','（%d）'%r.randint(1,99)]) for _ in range(r.randint(18,60)))
@k
def partners(r): return "友情链接："+r.choice([' ','|',' | ','、']).join(r.choice(C)+r.choice(["人才网","信息港","房产网","在线","论坛","装修网","旅游网","二手车","律师网","教育网"]) for _ in range(r.randint(25,90)))
@k
def tags(r): return "标签："+r.choice([' ',', ','，',' #']).join(r.choice(C+G)+r.choice(['','价格','图片','']) for _ in range(r.randint(35,100)))
@k
def table_junk(r): return '\n'.join(r.choice([' ','\t','|']).join([r.choice(G),r.choice('ABCDG')+num(r,3),num(r,2)+'*'+num(r,2),f"{r.randint(2,900)}元",r.choice(['现货','期货','面议']),r.choice(C)]) for _ in range(r.randint(15,50)))
@k
def repeat_line(r): return '\n'.join([r.choice(S)]*r.randint(15,60))
@k
def repeat_pair(r):
    a=some(r,S,2,3); return ''.join(r.choice(a) for _ in range(r.randint(15,50)))
@k
def repeat_chars(r): return ''.join(r.choice(["哈","啊","呜","6","顶","赞","冲"])*r.randint(3,30) for _ in range(r.randint(10,30)))
@k
def symbols(r): return ''.join(r.choice("★☆●○◆◇※→←↑↓♥♪①②③▲△■□")*r.randint(1,6)+r.choice(['','优惠','点击','进入','新','热']) for _ in range(r.randint(40,120)))
@k
def emoji(r): return ''.join(r.choice("😀😂🤣😍👍🔥💯🎉❤️✨🚀💰")*r.randint(1,4)+r.choice(['','冲鸭','绝绝子','姐妹们','速来','家人们']) for _ in range(r.randint(40,120)))
@k
def martian(r):
    m=dict(zip("的我你是不在有人大好爱天水火心","啲莪伱昰鈈洅洧亽夶恏嬡兲氺焱吢"))
    return ''.join(m.get(c,c)+r.choice(['','','゛','ヤ','~','丶']) for c in prose(r,6,12))
@k
def spaced_ad(r): return r.choice([' ','.','*','-']).join(spam_local(r)[:200])
@k
def seo_comment(r):
    p=["楼主说得太好了","支持一下","学习了，谢谢分享","路过看看","收藏了","顶一个","好文章，拜读了","博主文章写得不错","欢迎回访","已阅","沙发","板凳","回复看看","感谢楼主无私分享","每日签到","互粉互赞"]
    return r.choice(['\n','！\n',' ','。']).join(r.choice(p)+r.choice(['','',f' http://{hd(r)}.com','~~']) for _ in range(r.randint(25,70)))
@k
def novel_spam(r):
    n=r.choice(["龙王归来","重生之都市仙尊","霸总的小娇妻","盖世神医","末世狂兵"])
    p=[f"{n}最新章节列表",f"{n}全文免费阅读无弹窗",f"{n}txt全集下载",f"天才一秒记住本站地址：www.{hd(r)}.com",f"手机用户请浏览m.{hd(r)}.com阅读","本章未完，请点击下一页继续阅读","求月票求推荐票求收藏",f"第{r.randint(1,999)}章 上一章 返回目录 下一章","加入书签 投推荐票 章节报错","喜欢的请收藏，更新速度全网最快",f"{n}笔趣阁",f"{n}百度网盘",f"《{n}》人物介绍 剧情简介 大结局","相关小说推荐："+'、'.join(["帝尊","剑来","神墓","凡人","诡秘"])]
    return r.choice(['\n',' ','，']).join(some(r,p,7,12))
@k
def recruit(r):
    p=[f"急招{r.choice(['抄写员','打字员','点赞员','试玩员','刷单员'])}，学生宝妈均可，一单一结",f"日薪{r.randint(2,9)}00元起，手机就能做，时间自由",f"名额有限，先到先得，联系微信：{hd(r)}","不收押金，不收会费，零门槛","正规平台，营业执照齐全，绝非骗局",f"已有{r.randint(1,9)}万人加入，月入过万不是梦",f"添加客服QQ：{num(r,9)}领取任务","扫描二维码进群，发送“兼职”即可","拉一人奖励五十元，上不封顶"]
    return r.choice(['\n','！','，']).join(some(r,p,5,9))
@k
def base(r):
    import base64; return base64.b64encode(r.randbytes(r.randint(200,700))).decode()
@k
def template_text(r): return '\n'.join(r.choice(["请在此输入标题","请输入您的内容","此处添加详细文本描述，文字内容需概括精炼","标题文字添加","单击编辑母版文本样式","XX公司XX部门","这是一段示例文字","占位文本","待完善","{{content}}","TODO","图片说明文字"]) for _ in range(r.randint(10,35)))
@k
def truncated_list(r): return '\n'.join(r.choice(S)[:r.randint(8,14)]+r.choice(['...','……','…[详细]','...[查看全文]','……更多']) for _ in range(r.randint(10,40)))
def pages(n,seed):
    ks=list(K)
    for i in range(n):
        r=random.Random(seed*100003+i); kind=ks[i%len(ks)]
        yield {'id':f'{kind}:{i}','text':K[kind](r)}
if __name__=='__main__':
    for p in pages(int(sys.argv[1]) if len(sys.argv)>1 else 510,int(sys.argv[2]) if len(sys.argv)>2 else 16): print(json.dumps(p,ensure_ascii=False))
