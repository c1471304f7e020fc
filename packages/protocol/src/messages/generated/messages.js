/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

const $root = $protobuf.roots["tidemark-protocol"] || ($protobuf.roots["tidemark-protocol"] = {});

export const turso = $root.turso = (() => {

    const turso = {};

    turso.PageEncoding = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "RAW"] = 0;
        values[valuesById[1] = "ZSTD"] = 1;
        return values;
    })();

    turso.StreamKind = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "PAGES"] = 0;
        values[valuesById[1] = "MVCC_LOGICAL_LOG"] = 1;
        return values;
    })();

    turso.ApplyMode = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "INCREMENTAL"] = 0;
        values[valuesById[1] = "REPLACE_BASE"] = 1;
        return values;
    })();

    turso.PullProtocol = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "UNKNOWN"] = 0;
        values[valuesById[1] = "PAGE_STREAM"] = 1;
        values[valuesById[2] = "MVCC_LOG_STREAM"] = 2;
        return values;
    })();

    turso.PullUpdatesRequest = (function() {

        const PullUpdatesRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PullUpdatesRequest.prototype.encoding = 0;
        PullUpdatesRequest.prototype.serverRevision = "";
        PullUpdatesRequest.prototype.clientRevision = "";
        PullUpdatesRequest.prototype.longPollTimeoutMs = 0;
        PullUpdatesRequest.prototype.serverPagesSelector = $util.newBuffer([]);
        PullUpdatesRequest.prototype.clientPages = $util.newBuffer([]);
        PullUpdatesRequest.prototype.serverQuerySelector = "";
        PullUpdatesRequest.prototype.streamKind = 0;
        PullUpdatesRequest.prototype.tidemarkEcho = null;

        PullUpdatesRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.encoding != null && $Object.hasOwnProperty.call(message, "encoding") && message.encoding !== 0)
                writer.uint32(8).int32(message.encoding);
            if (message.serverRevision != null && $Object.hasOwnProperty.call(message, "serverRevision") && message.serverRevision !== "")
                writer.uint32(18).string(message.serverRevision);
            if (message.clientRevision != null && $Object.hasOwnProperty.call(message, "clientRevision") && message.clientRevision !== "")
                writer.uint32(26).string(message.clientRevision);
            if (message.longPollTimeoutMs != null && $Object.hasOwnProperty.call(message, "longPollTimeoutMs") && message.longPollTimeoutMs !== 0)
                writer.uint32(32).uint32(message.longPollTimeoutMs);
            if (message.serverPagesSelector != null && $Object.hasOwnProperty.call(message, "serverPagesSelector") && message.serverPagesSelector.length)
                writer.uint32(42).bytes(message.serverPagesSelector);
            if (message.clientPages != null && $Object.hasOwnProperty.call(message, "clientPages") && message.clientPages.length)
                writer.uint32(50).bytes(message.clientPages);
            if (message.serverQuerySelector != null && $Object.hasOwnProperty.call(message, "serverQuerySelector") && message.serverQuerySelector !== "")
                writer.uint32(58).string(message.serverQuerySelector);
            if (message.streamKind != null && $Object.hasOwnProperty.call(message, "streamKind") && message.streamKind !== 0)
                writer.uint32(64).int32(message.streamKind);
            if (message.tidemarkEcho != null && $Object.hasOwnProperty.call(message, "tidemarkEcho"))
                $root.turso.TidemarkEcho.encode(message.tidemarkEcho, writer.uint32(802).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PullUpdatesRequest.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.turso.PullUpdatesRequest();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.encoding = value;
                        else
                            delete message.encoding;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.serverRevision = value;
                        else
                            delete message.serverRevision;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.clientRevision = value;
                        else
                            delete message.clientRevision;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.longPollTimeoutMs = value;
                        else
                            delete message.longPollTimeoutMs;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.serverPagesSelector = value;
                        else
                            delete message.serverPagesSelector;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.clientPages = value;
                        else
                            delete message.clientPages;
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.serverQuerySelector = value;
                        else
                            delete message.serverQuerySelector;
                        continue;
                    }
                case 8: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.streamKind = value;
                        else
                            delete message.streamKind;
                        continue;
                    }
                case 100: {
                        if (wireType !== 2)
                            break;
                        message.tidemarkEcho = $root.turso.TidemarkEcho.decode(reader, reader.size(), $undefined, _depth + 1, message.tidemarkEcho);
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PullUpdatesRequest;
    })();

    turso.TidemarkEcho = (function() {

        const TidemarkEcho = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        TidemarkEcho.prototype.clientId = "";
        TidemarkEcho.prototype.firstChangeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        TidemarkEcho.prototype.lastChangeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        TidemarkEcho.prototype.digest = $util.newBuffer([]);

        TidemarkEcho.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.clientId != null && $Object.hasOwnProperty.call(message, "clientId") && message.clientId !== "")
                writer.uint32(10).string(message.clientId);
            if (message.firstChangeId != null && $Object.hasOwnProperty.call(message, "firstChangeId") && (typeof message.firstChangeId === "object" ? message.firstChangeId.low || message.firstChangeId.high : message.firstChangeId !== 0))
                writer.uint32(16).uint64(message.firstChangeId);
            if (message.lastChangeId != null && $Object.hasOwnProperty.call(message, "lastChangeId") && (typeof message.lastChangeId === "object" ? message.lastChangeId.low || message.lastChangeId.high : message.lastChangeId !== 0))
                writer.uint32(24).uint64(message.lastChangeId);
            if (message.digest != null && $Object.hasOwnProperty.call(message, "digest") && message.digest.length)
                writer.uint32(34).bytes(message.digest);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        TidemarkEcho.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.turso.TidemarkEcho();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.clientId = value;
                        else
                            delete message.clientId;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.firstChangeId = value;
                        else
                            delete message.firstChangeId;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.lastChangeId = value;
                        else
                            delete message.lastChangeId;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.digest = value;
                        else
                            delete message.digest;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return TidemarkEcho;
    })();

    turso.RawPages = (function() {

        const RawPages = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        RawPages.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        RawPages.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.turso.RawPages();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RawPages;
    })();

    turso.ZstdPages = (function() {

        const ZstdPages = function (properties) {
            this.pagesDict = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        ZstdPages.prototype.level = 0;
        ZstdPages.prototype.pagesDict = $util.emptyArray;

        ZstdPages.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.level != null && $Object.hasOwnProperty.call(message, "level") && message.level !== 0)
                writer.uint32(8).int32(message.level);
            if (message.pagesDict != null && message.pagesDict.length)
                writer.uint32(18).uint32s(message.pagesDict);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        ZstdPages.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.turso.ZstdPages();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.level = value;
                        else
                            delete message.level;
                        continue;
                    }
                case 2: {
                        if (wireType === 2) {
                            if (!(message.pagesDict && message.pagesDict.length))
                                message.pagesDict = [];
                            reader.uint32s(message.pagesDict);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.pagesDict && message.pagesDict.length))
                            message.pagesDict = [];
                        message.pagesDict.push(reader.uint32());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ZstdPages;
    })();

    turso.PullUpdatesHeader = (function() {

        const PullUpdatesHeader = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PullUpdatesHeader.prototype.serverRevision = "";
        PullUpdatesHeader.prototype.dbSize = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PullUpdatesHeader.prototype.rawEncoding = null;
        PullUpdatesHeader.prototype.zstdEncoding = null;
        PullUpdatesHeader.prototype.streamKind = 0;
        PullUpdatesHeader.prototype.applyMode = 0;
        PullUpdatesHeader.prototype.protocol = 0;

        PullUpdatesHeader.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.serverRevision != null && $Object.hasOwnProperty.call(message, "serverRevision") && message.serverRevision !== "")
                writer.uint32(10).string(message.serverRevision);
            if (message.dbSize != null && $Object.hasOwnProperty.call(message, "dbSize") && (typeof message.dbSize === "object" ? message.dbSize.low || message.dbSize.high : message.dbSize !== 0))
                writer.uint32(16).uint64(message.dbSize);
            if (message.rawEncoding != null && $Object.hasOwnProperty.call(message, "rawEncoding"))
                $root.turso.RawPages.encode(message.rawEncoding, writer.uint32(26).fork(), _depth + 1).ldelim();
            if (message.zstdEncoding != null && $Object.hasOwnProperty.call(message, "zstdEncoding"))
                $root.turso.ZstdPages.encode(message.zstdEncoding, writer.uint32(34).fork(), _depth + 1).ldelim();
            if (message.streamKind != null && $Object.hasOwnProperty.call(message, "streamKind") && message.streamKind !== 0)
                writer.uint32(40).int32(message.streamKind);
            if (message.applyMode != null && $Object.hasOwnProperty.call(message, "applyMode") && message.applyMode !== 0)
                writer.uint32(48).int32(message.applyMode);
            if (message.protocol != null && $Object.hasOwnProperty.call(message, "protocol") && message.protocol !== 0)
                writer.uint32(64).int32(message.protocol);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PullUpdatesHeader.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.turso.PullUpdatesHeader();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.serverRevision = value;
                        else
                            delete message.serverRevision;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.dbSize = value;
                        else
                            delete message.dbSize;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.rawEncoding = $root.turso.RawPages.decode(reader, reader.size(), $undefined, _depth + 1, message.rawEncoding);
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.zstdEncoding = $root.turso.ZstdPages.decode(reader, reader.size(), $undefined, _depth + 1, message.zstdEncoding);
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.streamKind = value;
                        else
                            delete message.streamKind;
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.applyMode = value;
                        else
                            delete message.applyMode;
                        continue;
                    }
                case 8: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.protocol = value;
                        else
                            delete message.protocol;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PullUpdatesHeader;
    })();

    turso.PageData = (function() {

        const PageData = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PageData.prototype.pageId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PageData.prototype.encodedPage = $util.newBuffer([]);

        PageData.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.pageId != null && $Object.hasOwnProperty.call(message, "pageId") && (typeof message.pageId === "object" ? message.pageId.low || message.pageId.high : message.pageId !== 0))
                writer.uint32(8).uint64(message.pageId);
            if (message.encodedPage != null && $Object.hasOwnProperty.call(message, "encodedPage") && message.encodedPage.length)
                writer.uint32(18).bytes(message.encodedPage);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PageData.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.turso.PageData();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.pageId = value;
                        else
                            delete message.pageId;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.encodedPage = value;
                        else
                            delete message.encodedPage;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PageData;
    })();

    return turso;
})();

export const tidemark = $root.tidemark = (() => {

    const tidemark = {};

    tidemark.PullMessage = (function() {

        const PullMessage = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PullMessage.prototype.group = null;
        PullMessage.prototype.end = null;

        let $oneOfFields;

        $Object.defineProperty(PullMessage.prototype, "body", {
            get: $util.oneOfGetter($oneOfFields = ["group", "end"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        PullMessage.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.group != null && $Object.hasOwnProperty.call(message, "group"))
                $root.tidemark.PageGroup.encode(message.group, writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.end != null && $Object.hasOwnProperty.call(message, "end"))
                $root.tidemark.PullEnd.encode(message.end, writer.uint32(18).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PullMessage.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PullMessage();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.group = $root.tidemark.PageGroup.decode(reader, reader.size(), $undefined, _depth + 1, message.group);
                        message.body = "group";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.end = $root.tidemark.PullEnd.decode(reader, reader.size(), $undefined, _depth + 1, message.end);
                        message.body = "end";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PullMessage;
    })();

    tidemark.PageCodec = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "PAGES_RAW"] = 0;
        values[valuesById[1] = "PAGES_ZSTD"] = 1;
        values[valuesById[2] = "PAGES_ZSTD_OLD_IMAGES"] = 2;
        values[valuesById[3] = "PAGES_ZSTD_PUSHED_ROWS"] = 3;
        return values;
    })();

    tidemark.PageGroup = (function() {

        const PageGroup = function (properties) {
            this.pageIds = [];
            this.dictionaryPageIds = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PageGroup.prototype.pageIds = $util.emptyArray;
        PageGroup.prototype.codec = 0;
        PageGroup.prototype.payload = $util.newBuffer([]);
        PageGroup.prototype.checksum = $util.newBuffer([]);
        PageGroup.prototype.dictionaryPageIds = $util.emptyArray;
        PageGroup.prototype.pushedRows = $util.newBuffer([]);

        PageGroup.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.pageIds != null && message.pageIds.length)
                writer.uint32(10).uint64s(message.pageIds);
            if (message.codec != null && $Object.hasOwnProperty.call(message, "codec") && message.codec !== 0)
                writer.uint32(16).int32(message.codec);
            if (message.payload != null && $Object.hasOwnProperty.call(message, "payload") && message.payload.length)
                writer.uint32(26).bytes(message.payload);
            if (message.checksum != null && $Object.hasOwnProperty.call(message, "checksum") && message.checksum.length)
                writer.uint32(34).bytes(message.checksum);
            if (message.dictionaryPageIds != null && message.dictionaryPageIds.length)
                writer.uint32(42).uint64s(message.dictionaryPageIds);
            if (message.pushedRows != null && $Object.hasOwnProperty.call(message, "pushedRows") && message.pushedRows.length)
                writer.uint32(50).bytes(message.pushedRows);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PageGroup.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PageGroup();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType === 2) {
                            if (!(message.pageIds && message.pageIds.length))
                                message.pageIds = [];
                            reader.uint64s(message.pageIds);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.pageIds && message.pageIds.length))
                            message.pageIds = [];
                        message.pageIds.push(reader.uint64());
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.codec = value;
                        else
                            delete message.codec;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.payload = value;
                        else
                            delete message.payload;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.checksum = value;
                        else
                            delete message.checksum;
                        continue;
                    }
                case 5: {
                        if (wireType === 2) {
                            if (!(message.dictionaryPageIds && message.dictionaryPageIds.length))
                                message.dictionaryPageIds = [];
                            reader.uint64s(message.dictionaryPageIds);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.dictionaryPageIds && message.dictionaryPageIds.length))
                            message.dictionaryPageIds = [];
                        message.dictionaryPageIds.push(reader.uint64());
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.pushedRows = value;
                        else
                            delete message.pushedRows;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PageGroup;
    })();

    tidemark.PullEnd = (function() {

        const PullEnd = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PullEnd.prototype.pageCount = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PullEnd.prototype.digest = $util.newBuffer([]);

        PullEnd.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.pageCount != null && $Object.hasOwnProperty.call(message, "pageCount") && (typeof message.pageCount === "object" ? message.pageCount.low || message.pageCount.high : message.pageCount !== 0))
                writer.uint32(8).uint64(message.pageCount);
            if (message.digest != null && $Object.hasOwnProperty.call(message, "digest") && message.digest.length)
                writer.uint32(18).bytes(message.digest);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PullEnd.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PullEnd();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.pageCount = value;
                        else
                            delete message.pageCount;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.digest = value;
                        else
                            delete message.digest;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PullEnd;
    })();

    tidemark.PushMessage = (function() {

        const PushMessage = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushMessage.prototype.header = null;
        PushMessage.prototype.block = null;
        PushMessage.prototype.end = null;

        let $oneOfFields;

        $Object.defineProperty(PushMessage.prototype, "body", {
            get: $util.oneOfGetter($oneOfFields = ["header", "block", "end"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        PushMessage.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.header != null && $Object.hasOwnProperty.call(message, "header"))
                $root.tidemark.PushHeader.encode(message.header, writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.block != null && $Object.hasOwnProperty.call(message, "block"))
                $root.tidemark.PushBlock.encode(message.block, writer.uint32(18).fork(), _depth + 1).ldelim();
            if (message.end != null && $Object.hasOwnProperty.call(message, "end"))
                $root.tidemark.PushEnd.encode(message.end, writer.uint32(26).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushMessage.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushMessage();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.header = $root.tidemark.PushHeader.decode(reader, reader.size(), $undefined, _depth + 1, message.header);
                        message.body = "header";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.block = $root.tidemark.PushBlock.decode(reader, reader.size(), $undefined, _depth + 1, message.block);
                        message.body = "block";
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.end = $root.tidemark.PushEnd.decode(reader, reader.size(), $undefined, _depth + 1, message.end);
                        message.body = "end";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushMessage;
    })();

    tidemark.ConflictPolicy = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "LAST_PUSH_WINS"] = 0;
        values[valuesById[1] = "DETECT"] = 1;
        return values;
    })();

    tidemark.PushHeader = (function() {

        const PushHeader = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushHeader.prototype.clientId = "";
        PushHeader.prototype.pushId = $util.newBuffer([]);
        PushHeader.prototype.previousPushId = $util.newBuffer([]);
        PushHeader.prototype.baseRevision = "";
        PushHeader.prototype.firstChangeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushHeader.prototype.lastChangeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushHeader.prototype.walPages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushHeader.prototype.conflictPolicy = 0;
        PushHeader.prototype.enforceForeignKeys = false;

        PushHeader.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.clientId != null && $Object.hasOwnProperty.call(message, "clientId") && message.clientId !== "")
                writer.uint32(10).string(message.clientId);
            if (message.pushId != null && $Object.hasOwnProperty.call(message, "pushId") && message.pushId.length)
                writer.uint32(18).bytes(message.pushId);
            if (message.previousPushId != null && $Object.hasOwnProperty.call(message, "previousPushId") && message.previousPushId.length)
                writer.uint32(26).bytes(message.previousPushId);
            if (message.baseRevision != null && $Object.hasOwnProperty.call(message, "baseRevision") && message.baseRevision !== "")
                writer.uint32(34).string(message.baseRevision);
            if (message.firstChangeId != null && $Object.hasOwnProperty.call(message, "firstChangeId") && (typeof message.firstChangeId === "object" ? message.firstChangeId.low || message.firstChangeId.high : message.firstChangeId !== 0))
                writer.uint32(40).uint64(message.firstChangeId);
            if (message.lastChangeId != null && $Object.hasOwnProperty.call(message, "lastChangeId") && (typeof message.lastChangeId === "object" ? message.lastChangeId.low || message.lastChangeId.high : message.lastChangeId !== 0))
                writer.uint32(48).uint64(message.lastChangeId);
            if (message.walPages != null && $Object.hasOwnProperty.call(message, "walPages") && (typeof message.walPages === "object" ? message.walPages.low || message.walPages.high : message.walPages !== 0))
                writer.uint32(56).uint64(message.walPages);
            if (message.conflictPolicy != null && $Object.hasOwnProperty.call(message, "conflictPolicy") && message.conflictPolicy !== 0)
                writer.uint32(64).int32(message.conflictPolicy);
            if (message.enforceForeignKeys != null && $Object.hasOwnProperty.call(message, "enforceForeignKeys") && message.enforceForeignKeys !== false)
                writer.uint32(72).bool(message.enforceForeignKeys);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushHeader.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushHeader();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.clientId = value;
                        else
                            delete message.clientId;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.pushId = value;
                        else
                            delete message.pushId;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.previousPushId = value;
                        else
                            delete message.previousPushId;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.baseRevision = value;
                        else
                            delete message.baseRevision;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.firstChangeId = value;
                        else
                            delete message.firstChangeId;
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.lastChangeId = value;
                        else
                            delete message.lastChangeId;
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.walPages = value;
                        else
                            delete message.walPages;
                        continue;
                    }
                case 8: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.conflictPolicy = value;
                        else
                            delete message.conflictPolicy;
                        continue;
                    }
                case 9: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.enforceForeignKeys = value;
                        else
                            delete message.enforceForeignKeys;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushHeader;
    })();

    tidemark.BlockCodec = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "BLOCK_RAW"] = 0;
        values[valuesById[1] = "BLOCK_ZSTD"] = 1;
        return values;
    })();

    tidemark.PushBlock = (function() {

        const PushBlock = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushBlock.prototype.codec = 0;
        PushBlock.prototype.rawSize = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushBlock.prototype.checksum = $util.newBuffer([]);
        PushBlock.prototype.payload = $util.newBuffer([]);

        PushBlock.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.codec != null && $Object.hasOwnProperty.call(message, "codec") && message.codec !== 0)
                writer.uint32(8).int32(message.codec);
            if (message.rawSize != null && $Object.hasOwnProperty.call(message, "rawSize") && (typeof message.rawSize === "object" ? message.rawSize.low || message.rawSize.high : message.rawSize !== 0))
                writer.uint32(16).uint64(message.rawSize);
            if (message.checksum != null && $Object.hasOwnProperty.call(message, "checksum") && message.checksum.length)
                writer.uint32(26).bytes(message.checksum);
            if (message.payload != null && $Object.hasOwnProperty.call(message, "payload") && message.payload.length)
                writer.uint32(34).bytes(message.payload);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushBlock.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushBlock();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.codec = value;
                        else
                            delete message.codec;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.rawSize = value;
                        else
                            delete message.rawSize;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.checksum = value;
                        else
                            delete message.checksum;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.payload = value;
                        else
                            delete message.payload;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushBlock;
    })();

    tidemark.PushEnd = (function() {

        const PushEnd = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushEnd.prototype.changeCount = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushEnd.prototype.digest = $util.newBuffer([]);

        PushEnd.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.changeCount != null && $Object.hasOwnProperty.call(message, "changeCount") && (typeof message.changeCount === "object" ? message.changeCount.low || message.changeCount.high : message.changeCount !== 0))
                writer.uint32(8).uint64(message.changeCount);
            if (message.digest != null && $Object.hasOwnProperty.call(message, "digest") && message.digest.length)
                writer.uint32(18).bytes(message.digest);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushEnd.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushEnd();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.changeCount = value;
                        else
                            delete message.changeCount;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.digest = value;
                        else
                            delete message.digest;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushEnd;
    })();

    tidemark.ChangeSet = (function() {

        const ChangeSet = function (properties) {
            this.tables = [];
            this.runs = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        ChangeSet.prototype.tables = $util.emptyArray;
        ChangeSet.prototype.runs = $util.emptyArray;

        ChangeSet.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.tables != null && message.tables.length)
                for (let i = 0; i < message.tables.length; ++i)
                    $root.tidemark.TableShape.encode(message.tables[i], writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.runs != null && message.runs.length)
                for (let i = 0; i < message.runs.length; ++i)
                    $root.tidemark.ChangeRun.encode(message.runs[i], writer.uint32(18).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        ChangeSet.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.ChangeSet();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.tables && message.tables.length))
                            message.tables = [];
                        message.tables.push($root.tidemark.TableShape.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.runs && message.runs.length))
                            message.runs = [];
                        message.runs.push($root.tidemark.ChangeRun.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ChangeSet;
    })();

    tidemark.TableShape = (function() {

        const TableShape = function (properties) {
            this.columns = [];
            this.key = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        TableShape.prototype.name = "";
        TableShape.prototype.columns = $util.emptyArray;
        TableShape.prototype.key = $util.emptyArray;

        TableShape.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(10).string(message.name);
            if (message.columns != null && message.columns.length)
                for (let i = 0; i < message.columns.length; ++i)
                    writer.uint32(18).string(message.columns[i]);
            if (message.key != null && message.key.length)
                writer.uint32(26).uint32s(message.key);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        TableShape.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.TableShape();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.name = value;
                        else
                            delete message.name;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.columns && message.columns.length))
                            message.columns = [];
                        message.columns.push(reader.stringVerify());
                        continue;
                    }
                case 3: {
                        if (wireType === 2) {
                            if (!(message.key && message.key.length))
                                message.key = [];
                            reader.uint32s(message.key);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.key && message.key.length))
                            message.key = [];
                        message.key.push(reader.uint32());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return TableShape;
    })();

    tidemark.ChangeKind = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "INSERT"] = 0;
        values[valuesById[1] = "UPDATE"] = 1;
        values[valuesById[2] = "DELETE"] = 2;
        values[valuesById[3] = "SCHEMA"] = 3;
        return values;
    })();

    tidemark.RowidColumn = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "ROWID_ABSENT"] = 0;
        values[valuesById[1] = "ROWID_IS_KEY"] = 1;
        values[valuesById[2] = "ROWID_STORED"] = 2;
        return values;
    })();

    tidemark.ChangeRun = (function() {

        const ChangeRun = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        ChangeRun.prototype.kind = 0;
        ChangeRun.prototype.table = 0;
        ChangeRun.prototype.count = 0;
        ChangeRun.prototype.changeIds = $util.newBuffer([]);
        ChangeRun.prototype.rowidColumn = 0;
        ChangeRun.prototype.rowids = $util.newBuffer([]);
        ChangeRun.prototype.columns = $util.newBuffer([]);
        ChangeRun.prototype.expectedColumns = $util.newBuffer([]);
        ChangeRun.prototype.expectedAll = false;
        ChangeRun.prototype.cells = $util.newBuffer([]);

        ChangeRun.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                writer.uint32(8).int32(message.kind);
            if (message.table != null && $Object.hasOwnProperty.call(message, "table") && message.table !== 0)
                writer.uint32(16).uint32(message.table);
            if (message.count != null && $Object.hasOwnProperty.call(message, "count") && message.count !== 0)
                writer.uint32(24).uint32(message.count);
            if (message.changeIds != null && $Object.hasOwnProperty.call(message, "changeIds") && message.changeIds.length)
                writer.uint32(34).bytes(message.changeIds);
            if (message.rowidColumn != null && $Object.hasOwnProperty.call(message, "rowidColumn") && message.rowidColumn !== 0)
                writer.uint32(40).int32(message.rowidColumn);
            if (message.rowids != null && $Object.hasOwnProperty.call(message, "rowids") && message.rowids.length)
                writer.uint32(50).bytes(message.rowids);
            if (message.columns != null && $Object.hasOwnProperty.call(message, "columns") && message.columns.length)
                writer.uint32(58).bytes(message.columns);
            if (message.expectedColumns != null && $Object.hasOwnProperty.call(message, "expectedColumns") && message.expectedColumns.length)
                writer.uint32(66).bytes(message.expectedColumns);
            if (message.expectedAll != null && $Object.hasOwnProperty.call(message, "expectedAll") && message.expectedAll !== false)
                writer.uint32(72).bool(message.expectedAll);
            if (message.cells != null && $Object.hasOwnProperty.call(message, "cells") && message.cells.length)
                writer.uint32(82).bytes(message.cells);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        ChangeRun.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.ChangeRun();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.kind = value;
                        else
                            delete message.kind;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.table = value;
                        else
                            delete message.table;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.count = value;
                        else
                            delete message.count;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.changeIds = value;
                        else
                            delete message.changeIds;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.rowidColumn = value;
                        else
                            delete message.rowidColumn;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.rowids = value;
                        else
                            delete message.rowids;
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.columns = value;
                        else
                            delete message.columns;
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.expectedColumns = value;
                        else
                            delete message.expectedColumns;
                        continue;
                    }
                case 9: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.expectedAll = value;
                        else
                            delete message.expectedAll;
                        continue;
                    }
                case 10: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.cells = value;
                        else
                            delete message.cells;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ChangeRun;
    })();

    tidemark.PushResponse = (function() {

        const PushResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushResponse.prototype.ok = null;
        PushResponse.prototype.conflict = null;
        PushResponse.prototype.rejected = null;
        PushResponse.prototype.checkpointNeeded = null;
        PushResponse.prototype.busy = null;
        PushResponse.prototype.forked = null;
        PushResponse.prototype.alreadyApplied = null;

        let $oneOfFields;

        $Object.defineProperty(PushResponse.prototype, "result", {
            get: $util.oneOfGetter($oneOfFields = ["ok", "conflict", "rejected", "checkpointNeeded", "busy", "forked", "alreadyApplied"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        PushResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.ok != null && $Object.hasOwnProperty.call(message, "ok"))
                $root.tidemark.PushOk.encode(message.ok, writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.conflict != null && $Object.hasOwnProperty.call(message, "conflict"))
                $root.tidemark.PushConflict.encode(message.conflict, writer.uint32(18).fork(), _depth + 1).ldelim();
            if (message.rejected != null && $Object.hasOwnProperty.call(message, "rejected"))
                $root.tidemark.PushRejected.encode(message.rejected, writer.uint32(26).fork(), _depth + 1).ldelim();
            if (message.checkpointNeeded != null && $Object.hasOwnProperty.call(message, "checkpointNeeded"))
                $root.tidemark.PushCheckpointNeeded.encode(message.checkpointNeeded, writer.uint32(34).fork(), _depth + 1).ldelim();
            if (message.busy != null && $Object.hasOwnProperty.call(message, "busy"))
                $root.tidemark.PushBusy.encode(message.busy, writer.uint32(42).fork(), _depth + 1).ldelim();
            if (message.forked != null && $Object.hasOwnProperty.call(message, "forked"))
                $root.tidemark.PushForked.encode(message.forked, writer.uint32(50).fork(), _depth + 1).ldelim();
            if (message.alreadyApplied != null && $Object.hasOwnProperty.call(message, "alreadyApplied"))
                $root.tidemark.PushAlreadyApplied.encode(message.alreadyApplied, writer.uint32(58).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushResponse.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushResponse();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.ok = $root.tidemark.PushOk.decode(reader, reader.size(), $undefined, _depth + 1, message.ok);
                        message.result = "ok";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.conflict = $root.tidemark.PushConflict.decode(reader, reader.size(), $undefined, _depth + 1, message.conflict);
                        message.result = "conflict";
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.rejected = $root.tidemark.PushRejected.decode(reader, reader.size(), $undefined, _depth + 1, message.rejected);
                        message.result = "rejected";
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.checkpointNeeded = $root.tidemark.PushCheckpointNeeded.decode(reader, reader.size(), $undefined, _depth + 1, message.checkpointNeeded);
                        message.result = "checkpointNeeded";
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        message.busy = $root.tidemark.PushBusy.decode(reader, reader.size(), $undefined, _depth + 1, message.busy);
                        message.result = "busy";
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        message.forked = $root.tidemark.PushForked.decode(reader, reader.size(), $undefined, _depth + 1, message.forked);
                        message.result = "forked";
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        message.alreadyApplied = $root.tidemark.PushAlreadyApplied.decode(reader, reader.size(), $undefined, _depth + 1, message.alreadyApplied);
                        message.result = "alreadyApplied";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushResponse;
    })();

    tidemark.PushOk = (function() {

        const PushOk = function (properties) {
            this.overwritten = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushOk.prototype.revision = "";
        PushOk.prototype.lastChangeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushOk.prototype.overwritten = $util.emptyArray;
        PushOk.prototype.overwrittenCount = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushOk.prototype.rowids = $util.newBuffer([]);

        PushOk.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.revision != null && $Object.hasOwnProperty.call(message, "revision") && message.revision !== "")
                writer.uint32(10).string(message.revision);
            if (message.lastChangeId != null && $Object.hasOwnProperty.call(message, "lastChangeId") && (typeof message.lastChangeId === "object" ? message.lastChangeId.low || message.lastChangeId.high : message.lastChangeId !== 0))
                writer.uint32(16).uint64(message.lastChangeId);
            if (message.overwritten != null && message.overwritten.length)
                for (let i = 0; i < message.overwritten.length; ++i)
                    $root.tidemark.ConflictRow.encode(message.overwritten[i], writer.uint32(26).fork(), _depth + 1).ldelim();
            if (message.overwrittenCount != null && $Object.hasOwnProperty.call(message, "overwrittenCount") && (typeof message.overwrittenCount === "object" ? message.overwrittenCount.low || message.overwrittenCount.high : message.overwrittenCount !== 0))
                writer.uint32(32).uint64(message.overwrittenCount);
            if (message.rowids != null && $Object.hasOwnProperty.call(message, "rowids") && message.rowids.length)
                writer.uint32(42).bytes(message.rowids);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushOk.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushOk();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.revision = value;
                        else
                            delete message.revision;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.lastChangeId = value;
                        else
                            delete message.lastChangeId;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (!(message.overwritten && message.overwritten.length))
                            message.overwritten = [];
                        message.overwritten.push($root.tidemark.ConflictRow.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.overwrittenCount = value;
                        else
                            delete message.overwrittenCount;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.rowids = value;
                        else
                            delete message.rowids;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushOk;
    })();

    tidemark.PushConflict = (function() {

        const PushConflict = function (properties) {
            this.rows = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushConflict.prototype.rows = $util.emptyArray;
        PushConflict.prototype.rowCount = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        PushConflict.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.rows != null && message.rows.length)
                for (let i = 0; i < message.rows.length; ++i)
                    $root.tidemark.ConflictRow.encode(message.rows[i], writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.rowCount != null && $Object.hasOwnProperty.call(message, "rowCount") && (typeof message.rowCount === "object" ? message.rowCount.low || message.rowCount.high : message.rowCount !== 0))
                writer.uint32(16).uint64(message.rowCount);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushConflict.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushConflict();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.rows && message.rows.length))
                            message.rows = [];
                        message.rows.push($root.tidemark.ConflictRow.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.rowCount = value;
                        else
                            delete message.rowCount;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushConflict;
    })();

    tidemark.PushRejected = (function() {

        const PushRejected = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushRejected.prototype.changeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushRejected.prototype.table = "";
        PushRejected.prototype.key = $util.newBuffer([]);
        PushRejected.prototype.sqliteCode = "";
        PushRejected.prototype.message = "";

        PushRejected.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.changeId != null && $Object.hasOwnProperty.call(message, "changeId") && (typeof message.changeId === "object" ? message.changeId.low || message.changeId.high : message.changeId !== 0))
                writer.uint32(8).uint64(message.changeId);
            if (message.table != null && $Object.hasOwnProperty.call(message, "table") && message.table !== "")
                writer.uint32(18).string(message.table);
            if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key.length)
                writer.uint32(26).bytes(message.key);
            if (message.sqliteCode != null && $Object.hasOwnProperty.call(message, "sqliteCode") && message.sqliteCode !== "")
                writer.uint32(34).string(message.sqliteCode);
            if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                writer.uint32(42).string(message.message);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushRejected.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushRejected();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.changeId = value;
                        else
                            delete message.changeId;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.table = value;
                        else
                            delete message.table;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.key = value;
                        else
                            delete message.key;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.sqliteCode = value;
                        else
                            delete message.sqliteCode;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.message = value;
                        else
                            delete message.message;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushRejected;
    })();

    tidemark.PushCheckpointNeeded = (function() {

        const PushCheckpointNeeded = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushCheckpointNeeded.prototype.maxWalPages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        PushCheckpointNeeded.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.maxWalPages != null && $Object.hasOwnProperty.call(message, "maxWalPages") && (typeof message.maxWalPages === "object" ? message.maxWalPages.low || message.maxWalPages.high : message.maxWalPages !== 0))
                writer.uint32(8).uint64(message.maxWalPages);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushCheckpointNeeded.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushCheckpointNeeded();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.maxWalPages = value;
                        else
                            delete message.maxWalPages;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushCheckpointNeeded;
    })();

    tidemark.PushBusy = (function() {

        const PushBusy = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushBusy.prototype.retryAfterMs = 0;

        PushBusy.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.retryAfterMs != null && $Object.hasOwnProperty.call(message, "retryAfterMs") && message.retryAfterMs !== 0)
                writer.uint32(8).uint32(message.retryAfterMs);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushBusy.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushBusy();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.retryAfterMs = value;
                        else
                            delete message.retryAfterMs;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushBusy;
    })();

    tidemark.PushForked = (function() {

        const PushForked = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushForked.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushForked.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushForked();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushForked;
    })();

    tidemark.PushAlreadyApplied = (function() {

        const PushAlreadyApplied = function (properties) {
            this.overwritten = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PushAlreadyApplied.prototype.revision = "";
        PushAlreadyApplied.prototype.lastChangeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PushAlreadyApplied.prototype.rowids = $util.newBuffer([]);
        PushAlreadyApplied.prototype.overwritten = $util.emptyArray;
        PushAlreadyApplied.prototype.overwrittenCount = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        PushAlreadyApplied.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.revision != null && $Object.hasOwnProperty.call(message, "revision") && message.revision !== "")
                writer.uint32(10).string(message.revision);
            if (message.lastChangeId != null && $Object.hasOwnProperty.call(message, "lastChangeId") && (typeof message.lastChangeId === "object" ? message.lastChangeId.low || message.lastChangeId.high : message.lastChangeId !== 0))
                writer.uint32(16).uint64(message.lastChangeId);
            if (message.rowids != null && $Object.hasOwnProperty.call(message, "rowids") && message.rowids.length)
                writer.uint32(26).bytes(message.rowids);
            if (message.overwritten != null && message.overwritten.length)
                for (let i = 0; i < message.overwritten.length; ++i)
                    $root.tidemark.ConflictRow.encode(message.overwritten[i], writer.uint32(34).fork(), _depth + 1).ldelim();
            if (message.overwrittenCount != null && $Object.hasOwnProperty.call(message, "overwrittenCount") && (typeof message.overwrittenCount === "object" ? message.overwrittenCount.low || message.overwrittenCount.high : message.overwrittenCount !== 0))
                writer.uint32(40).uint64(message.overwrittenCount);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PushAlreadyApplied.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PushAlreadyApplied();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.revision = value;
                        else
                            delete message.revision;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.lastChangeId = value;
                        else
                            delete message.lastChangeId;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.rowids = value;
                        else
                            delete message.rowids;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (!(message.overwritten && message.overwritten.length))
                            message.overwritten = [];
                        message.overwritten.push($root.tidemark.ConflictRow.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.overwrittenCount = value;
                        else
                            delete message.overwrittenCount;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PushAlreadyApplied;
    })();

    tidemark.ConflictKind = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "CONSTRAINT"] = 0;
        values[valuesById[1] = "INSERT_INSERT"] = 1;
        values[valuesById[2] = "UPDATE_UPDATE"] = 2;
        values[valuesById[3] = "UPDATE_DELETE"] = 3;
        values[valuesById[4] = "DELETE_UPDATE"] = 4;
        return values;
    })();

    tidemark.ConflictRow = (function() {

        const ConflictRow = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        ConflictRow.prototype.changeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        ConflictRow.prototype.table = "";
        ConflictRow.prototype.key = $util.newBuffer([]);
        ConflictRow.prototype.kind = 0;
        ConflictRow.prototype.remote = null;

        ConflictRow.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.changeId != null && $Object.hasOwnProperty.call(message, "changeId") && (typeof message.changeId === "object" ? message.changeId.low || message.changeId.high : message.changeId !== 0))
                writer.uint32(8).uint64(message.changeId);
            if (message.table != null && $Object.hasOwnProperty.call(message, "table") && message.table !== "")
                writer.uint32(18).string(message.table);
            if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key.length)
                writer.uint32(26).bytes(message.key);
            if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                writer.uint32(32).int32(message.kind);
            if (message.remote != null && $Object.hasOwnProperty.call(message, "remote"))
                $root.tidemark.RemoteRow.encode(message.remote, writer.uint32(42).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        ConflictRow.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.ConflictRow();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.changeId = value;
                        else
                            delete message.changeId;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.table = value;
                        else
                            delete message.table;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.key = value;
                        else
                            delete message.key;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.kind = value;
                        else
                            delete message.kind;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        message.remote = $root.tidemark.RemoteRow.decode(reader, reader.size(), $undefined, _depth + 1, message.remote);
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ConflictRow;
    })();

    tidemark.RemoteRow = (function() {

        const RemoteRow = function (properties) {
            this.columns = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        RemoteRow.prototype.columns = $util.emptyArray;
        RemoteRow.prototype.values = $util.newBuffer([]);

        RemoteRow.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.columns != null && message.columns.length)
                for (let i = 0; i < message.columns.length; ++i)
                    writer.uint32(10).string(message.columns[i]);
            if (message.values != null && $Object.hasOwnProperty.call(message, "values") && message.values.length)
                writer.uint32(18).bytes(message.values);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        RemoteRow.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.RemoteRow();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.columns && message.columns.length))
                            message.columns = [];
                        message.columns.push(reader.stringVerify());
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.values = value;
                        else
                            delete message.values;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RemoteRow;
    })();

    tidemark.RowidMap = (function() {

        const RowidMap = function (properties) {
            this.tables = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        RowidMap.prototype.tables = $util.emptyArray;

        RowidMap.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.tables != null && message.tables.length)
                for (let i = 0; i < message.tables.length; ++i)
                    $root.tidemark.RowidMapTable.encode(message.tables[i], writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        RowidMap.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.RowidMap();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.tables && message.tables.length))
                            message.tables = [];
                        message.tables.push($root.tidemark.RowidMapTable.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RowidMap;
    })();

    tidemark.RowidMapTable = (function() {

        const RowidMapTable = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        RowidMapTable.prototype.table = "";
        RowidMapTable.prototype.ranges = $util.newBuffer([]);

        RowidMapTable.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.table != null && $Object.hasOwnProperty.call(message, "table") && message.table !== "")
                writer.uint32(10).string(message.table);
            if (message.ranges != null && $Object.hasOwnProperty.call(message, "ranges") && message.ranges.length)
                writer.uint32(18).bytes(message.ranges);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        RowidMapTable.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.RowidMapTable();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.table = value;
                        else
                            delete message.table;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.ranges = value;
                        else
                            delete message.ranges;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RowidMapTable;
    })();

    tidemark.PageHashesRequest = (function() {

        const PageHashesRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PageHashesRequest.prototype.revision = "";
        PageHashesRequest.prototype.firstPageId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PageHashesRequest.prototype.pageCount = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        PageHashesRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.revision != null && $Object.hasOwnProperty.call(message, "revision") && message.revision !== "")
                writer.uint32(10).string(message.revision);
            if (message.firstPageId != null && $Object.hasOwnProperty.call(message, "firstPageId") && (typeof message.firstPageId === "object" ? message.firstPageId.low || message.firstPageId.high : message.firstPageId !== 0))
                writer.uint32(16).uint64(message.firstPageId);
            if (message.pageCount != null && $Object.hasOwnProperty.call(message, "pageCount") && (typeof message.pageCount === "object" ? message.pageCount.low || message.pageCount.high : message.pageCount !== 0))
                writer.uint32(24).uint64(message.pageCount);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PageHashesRequest.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PageHashesRequest();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.revision = value;
                        else
                            delete message.revision;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.firstPageId = value;
                        else
                            delete message.firstPageId;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.pageCount = value;
                        else
                            delete message.pageCount;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PageHashesRequest;
    })();

    tidemark.PageHashesResponse = (function() {

        const PageHashesResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PageHashesResponse.prototype.revision = "";
        PageHashesResponse.prototype.sizeInPages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        PageHashesResponse.prototype.hashes = $util.newBuffer([]);

        PageHashesResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.revision != null && $Object.hasOwnProperty.call(message, "revision") && message.revision !== "")
                writer.uint32(10).string(message.revision);
            if (message.sizeInPages != null && $Object.hasOwnProperty.call(message, "sizeInPages") && (typeof message.sizeInPages === "object" ? message.sizeInPages.low || message.sizeInPages.high : message.sizeInPages !== 0))
                writer.uint32(16).uint64(message.sizeInPages);
            if (message.hashes != null && $Object.hasOwnProperty.call(message, "hashes") && message.hashes.length)
                writer.uint32(26).bytes(message.hashes);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PageHashesResponse.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.tidemark.PageHashesResponse();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.revision = value;
                        else
                            delete message.revision;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.sizeInPages = value;
                        else
                            delete message.sizeInPages;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.hashes = value;
                        else
                            delete message.hashes;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PageHashesResponse;
    })();

    return tidemark;
})();

export {
  $root as default
};
