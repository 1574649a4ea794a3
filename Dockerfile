# Sluice with the bank's project. Another project is mounted at /project, or copied there in an image made from this one.
#   docker build -t sluice . && docker run --rm -e DATABASE_URL=… sluice build --target url

FROM node:22-bookworm-slim AS package
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.json CHANGELOG.md README.md LICENSE ./
COPY src src
# Installing compiles; what npm would publish is then installed by itself, without development tools, and without the
# embedded server, whose place a real one takes here.
RUN npm ci
RUN npm pack --ignore-scripts && mkdir /opt/sluice && tar -xzf sluice-*.tgz --strip-components=1 -C /opt/sluice
RUN cp package-lock.json /opt/sluice/ && cd /opt/sluice && npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:22-bookworm-slim
COPY --from=package /opt/sluice /opt/sluice
RUN ln -s /opt/sluice/dist/cli.js /usr/local/bin/sluice && mkdir /project && chown node:node /project
WORKDIR /project
COPY --chown=node:node dbt_project.yml profiles.yml schedule.yml ./
COPY --chown=node:node data data
COPY --chown=node:node macros macros
COPY --chown=node:node models models
COPY --chown=node:node seeds seeds
COPY --chown=node:node snapshots snapshots
COPY --chown=node:node tests tests
USER node
ENV NODE_ENV=production
ENTRYPOINT ["sluice"]
CMD ["--help"]
