/** Builds a project again and again in a process of its own, so that those who measure are not held up by it. */
import { doJob, type Job } from "../builds.ts";

process.on("message", (job: Job) => void doJob(job).then((done) => process.send!(done)));
