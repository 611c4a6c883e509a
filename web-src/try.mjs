import { build } from "esbuild";
import fs from "fs"; import zlib from "zlib";
const p={name:"cut",setup(b){b.onLoad({filter:/deepChat\.bundle\.js$/},async a=>{let s=fs.readFileSync(a.path,"utf8");
const A="static create(t){const{directConnection:e,connect:s,demo:i,webModel:n}=t;",B="return s&&Object.keys(s).length>0&&!i?new xi(t)";
const i=s.indexOf(A),j=s.indexOf(B,i);
s=s.slice(0,i)+`static create(t){const{connect:s,demo:i}=t;`+s.slice(j);
return {contents:s,loader:"js"}})}};
const r=await build({entryPoints:["src/chat.ts"],bundle:true,minify:true,write:false,metafile:true,format:"iife",target:"es2022",loader:{".css":"text"},plugins:[p],treeShaking:true});
const o=r.outputFiles[0].contents;console.log(o.length,zlib.gzipSync(o,{level:9}).length);fs.writeFileSync("/tmp/h/exp/out.js",o);
