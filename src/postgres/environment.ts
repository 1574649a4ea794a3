/**
 * The environment of the server's programs. PGDATA, PGPORT and their like are the user's, for other servers; a library
 * path set for other programs would load the wrong libraries; messages must be in English to be read.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LD_|DYLD_|LC_|LANG|TZ$|NODE_)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}
