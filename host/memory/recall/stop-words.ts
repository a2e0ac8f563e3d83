// English words that say nothing of what a turn is about: they are in no index and ask for nothing.

const LISTED = `
a about above after again against all also am an and any are aren as at be because been before being below between
both but by can cannot could couldn d did didn do does doesn doing don down during each few for from further get
getting go going gonna got gotten had hadn has hasn have haven having he her here hers herself hey hi him himself his
how i if in into is isn it its itself just let like ll lot m many may me might more most much mustn my myself no nor
not of off oh on once only or other ought our ours ourselves out over own re really s same shall shan she should
shouldn so some such t than that the their theirs them themselves then there these they thing this those through to
too under until up ve very was wasn we were weren what when where which while who whom why will with wouldn would wow
yeah you your yours yourself yourselves
`;

export const STOP_WORDS: ReadonlySet<string> = new Set(LISTED.trim().split(/\s+/));
