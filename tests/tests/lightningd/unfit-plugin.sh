#!/bin/sh
# A plugin whose name says which fault it has: what a lightningd does not live with.
fault=${0##*/}

answer() {
    printf '{"jsonrpc":"2.0","id":"%s",%s}\n\n' "$id" "$1"
}

[ "$fault" = junk-at-once ] && echo junk
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":"\(cln:[^"]*\)".*/\1/p')
    case "$line" in
    *'"method":"getmanifest"'*)
        answer '"result":{"options":[],"rpcmethods":[],"hooks":[{"name":"onion_message_recv"}],"dynamic":true}'
        ;;
    *'"method":"init"'*)
        answer '"result":{}'
        [ "$fault" = junk-unasked ] && echo junk
        ;;
    *'"method":"onion_message_recv"'*)
        case "$fault" in
        junk-for-an-answer) echo junk ;;
        answer-to-nobody) id=cln:nobody && answer '"result":{"result":"continue"}' ;;
        wrong-answer) answer '"result":{"result":"perhaps"}' ;;
        wrong-error) answer '"error":"no"' ;;
        *) answer '"result":{"result":"continue"}' ;;
        esac
        ;;
    esac
done
