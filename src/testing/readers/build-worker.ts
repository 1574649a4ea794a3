/** Builds a project again and again in a thread of its own, so that those who measure are not held up by it. */
import { parentPort } from "node:worker_threads";
import { doJob, type Job } from "../builds.ts";

parentPort!.on("message", (job: Job) => void doJob(job).then((done) => parentPort!.postMessage(done)));
