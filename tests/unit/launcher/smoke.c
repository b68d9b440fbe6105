#include "tests/hostile/lab.h"
#include <stdio.h>
#include <unistd.h>
int main(int argc,char**argv){ struct lab lab; (void)argc; lab_start(&lab, (uid_t)atoi(argv[1]));
 printf("hello privileged=%u errno=%u\n",lab.hello.privileged,lab.hello.userns_errno);
 struct lab_plan p; lab_plan_init(&p, LAB_GUEST); for(int i=0;argv[2+i];i++) p.argv[i]=argv[2+i];
 struct lab_run r; 
 for (int k=0;k<3;k++){ int64_t t0=base_now_ns(); lab_do(&lab,&p,&r);
 printf("%.3f ms how=%u why=%s error=%d (%s) index=%u status=%d signal=%d started=%u ended_out=", (double)(base_now_ns()-t0)/1e6, r.end.how,launcher_why_text(r.end.why),r.end.error,strerror(r.end.error),r.end.index,r.end.status,r.end.signal,r.end.started);
 char c[4096]; ssize_t n; while((n=read(r.output,c,sizeof c))>0) fwrite(c,1,(size_t)n,stdout); printf("|\n"); lab_run_fini(&r);} lab_stop(&lab); }
