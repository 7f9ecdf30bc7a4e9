// Prisma's schema engine is a program of its own that no registry has; version 6 also carries it as WebAssembly, which
// speaks through the client's adapter. Two things of that adapter are made good here: it does not know the type "char" of
// the catalogs' columns (shown as text), and drops a shadow database while it is still connected to it.
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { defineConfig } from 'prisma6/config'

const CHAR = 18, TEXT = 25

class Client extends pg.Client {
  constructor(options) {
    super(options)
    this.connection.prependListener('rowDescription', (message) => {
      for (const field of message.fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT
    })
  }
}

class Adapter extends PrismaPg {
  constructor(url) {
    super(new pg.Pool({ Client, connectionString: url.href }), { disposeExternalPool: true })
    this.url = url
  }

  async connectToShadowDb() {
    const name = `prisma_shadow_${globalThis.crypto.randomUUID()}`
    const maker = await new Adapter(this.url).connect()
    await maker.executeScript(`CREATE DATABASE "${name}"`)
    const shadow = await new Adapter(new URL(name, this.url)).connect()
    const dispose = shadow.dispose.bind(shadow)
    shadow.dispose = async () => {
      await dispose()
      await maker.executeScript(`DROP DATABASE "${name}"`)
      await maker.dispose()
    }
    return shadow
  }
}

export default defineConfig({ schema: 'work/schema.prisma', migrations: { path: 'work/migrations' }, engine: 'js', experimental: { adapter: true },
  adapter: async () => new Adapter(new URL(process.env.DATABASE_URL)) })
